"""Creates and checks presigned URLs as S3 does: AWS Signature Version 4 in the query.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from talkdesk_sandbox.wire.messages import Answer, Request, s3_error

if TYPE_CHECKING:
    from collections.abc import Iterable

ALGORITHM = "AWS4-HMAC-SHA256"
_TIME = "%Y%m%dT%H%M%SZ"
_LONGEST = timedelta(days=7)


@dataclass(frozen=True)
class Signer:
    """Signs paths of one host, and checks the signatures."""

    host: str
    access_id: str
    secret: str
    region: str = "us-east-1"
    scheme: str = "http"

    def url(self, path: str, lifetime: timedelta, now: datetime) -> str:
        """Returns a URL for the file at `path`, valid from `now` for a lifetime in whole seconds."""
        path = quote(path, safe="/-_.~")
        made = now.astimezone(UTC).strftime(_TIME)
        scope = f"{made[:8]}/{self.region}/s3/aws4_request"
        query = [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", f"{self.access_id}/{scope}"),
            ("X-Amz-Date", made),
            ("X-Amz-Expires", str(int(lifetime.total_seconds()))),
            ("X-Amz-SignedHeaders", "host"),
        ]
        signature = self._signature(path, query, scope, made, self.host)
        return f"{self.scheme}://{self.host}{path}?{_encoded(query)}&X-Amz-Signature={signature}"

    def refusal(self, request: Request, now: datetime) -> Answer | None:
        """Returns S3's error if a request is refused, or None."""
        query = parse_qsl(request.query, keep_blank_values=True)
        named = dict(query)
        if "X-Amz-Signature" not in named:
            return s3_error(403, "AccessDenied", "Access Denied")
        if "authorization" in request.headers:
            return s3_error(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
                "string parameter or the Authorization header should be specified",
            )
        try:
            access_id, _, scope = named["X-Amz-Credential"].partition("/")
            made = datetime.strptime(named["X-Amz-Date"], _TIME).replace(tzinfo=UTC)
            lifetime = timedelta(seconds=int(named["X-Amz-Expires"]))
            well_formed = named["X-Amz-Algorithm"] == ALGORITHM and timedelta(0) < lifetime <= _LONGEST
        except (KeyError, ValueError):
            well_formed = False
        if not well_formed:
            return s3_error(
                400, "AuthorizationQueryParametersError", "Query-string parameters are not well formed"
            )
        if access_id != self.access_id:
            return s3_error(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist.")
        if now > made + lifetime:
            return s3_error(403, "AccessDenied", "Request has expired")
        signed = [(name, value) for name, value in query if name != "X-Amz-Signature"]
        host = request.headers.get("host", "")
        expected = self._signature(request.path, signed, scope, named["X-Amz-Date"], host)
        if not hmac.compare_digest(expected.encode(), named["X-Amz-Signature"].encode()):
            return s3_error(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the one provided.",
            )
        return None

    def _signature(self, path: str, query: list[tuple[str, str]], scope: str, made: str, host: str) -> str:
        canonical = f"GET\n{path}\n{_encoded(query)}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{ALGORITHM}\n{made}\n{scope}\n{digest}"
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _encoded(query: Iterable[tuple[str, str]]) -> str:
    pairs = ((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
