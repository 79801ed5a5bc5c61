"""Both hosts over https, with a certificate of the sandbox's own CA."""

import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from talkdesk_sandbox import Fault, Pace, Sandbox


@pytest.fixture
def trusted(open_sandbox, monkeypatch):
    """Opens a sandbox with TLS, whose CA `requests` trusts."""

    def open_(*faults, **options):
        client = open_sandbox(tls=True, signed_in=False, **options)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", client.sandbox.ca_file)
        client.sign_in_for_good()
        for fault in faults:
            client.sandbox.add_fault(fault)
        return client

    return open_


def test_both_hosts_are_https_and_a_report_is_downloaded(trusted):
    client = trusted(pace=Pace.after_polls(1))
    job_id = client.job_id()

    statuses = [client.status(job_id) for _ in range(2)]
    file = client.download(job_id)

    assert client.sandbox.url.startswith("https://127.0.0.1:")
    assert client.sandbox.files_url.startswith("https://127.0.0.1:")
    assert statuses[1].headers["Location"].startswith(client.sandbox.url)
    assert client.sandbox.config["token_url"].startswith(client.sandbox.url)
    assert file.url.startswith(client.sandbox.files_url)
    assert file.json()["total"] > 0


def test_the_certificate_is_good_by_the_strictest_rules(trusted):
    client = trusted()
    context = ssl.create_default_context(cafile=client.sandbox.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = int(client.sandbox.url.rpartition(":")[2])

    for name in ("127.0.0.1", "localhost"):
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_a_client_that_does_not_trust_it_is_refused_and_others_go_on(trusted, monkeypatch, capfd):
    client = trusted()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")

    with requests.Session() as stranger, pytest.raises(requests.exceptions.SSLError):
        stranger.get(client.sandbox.url)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", client.sandbox.ca_file)
    assert client.job_id()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("reset", [False, True])
def test_a_download_can_be_cut_over_tls(trusted, reset):
    client = trusted(Fault("object", "cut", after=1000, reset=reset))
    job_id = client.job_id()

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.download(job_id)

    assert client.download(job_id).json()["total"] > 0
    assert client.sandbox.unmet_faults() == []


def test_a_connection_can_be_reset_over_tls(trusted):
    client = trusted(Fault("create", "reset"))

    with pytest.raises(requests.ConnectionError):
        client.create()

    assert client.job_id()


def test_the_certificate_is_removed_when_the_sandbox_is_closed(trusted):
    client = trusted()
    folder = Path(client.sandbox.ca_file).parent
    assert folder.is_dir()

    client.sandbox.close()

    assert not folder.exists()


def test_no_socket_is_left_open_when_a_port_is_taken(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox() as running, pytest.raises(OSError, match="cannot listen"):
        Sandbox(tls=True, files_port=int(running.url.rpartition(":")[2]))

    assert list(tmp_path.iterdir()) == []


def test_there_is_no_certificate_without_tls(client):
    assert client.sandbox.ca_file is None


def test_the_command_names_the_file_to_trust():
    command = [sys.executable, "-m", "talkdesk_sandbox", "--port", "0", "--files-port", "0", "--tls"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = "".join(iter(process.stdout.readline, "Ctrl-C stops it.\n"))
        ca_file = printed.partition("REQUESTS_CA_BUNDLE=")[2].split("\n")[0]
        url = printed.split()[2]
        answer = requests.get(f"{url}/sandbox/jobs", verify=ca_file, timeout=60)
        process.terminate()

    assert url.startswith("https://")
    assert answer.json() == []
