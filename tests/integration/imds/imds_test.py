"""imds_test.py KAGENT-IMDS STAND-IN PROMISE: one promise of kagent-imds, kept against a real HTTP service."""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile

PROGRAM, STANDIN, PROMISE = sys.argv[1:4]
LIMIT = 60  # seconds, for what takes a second or two


class Place:
    """A folder served by a stand-in, and one that the program writes to."""

    def __init__(self, folder):
        self.served, self.into = folder / "served", folder / "into"
        self.log = folder / "requests"
        (self.served / "meta-data").mkdir(parents=True)
        self.into.mkdir()
        (self.served / "user-data").write_text("kagent://")
        (self.served / "meta-data/instance-id").write_text("i-0123")
        self.port = 0

    def fault(self, text):
        (self.served / ".control").write_text(text + "\n")

    def serve(self, *options):
        service = subprocess.Popen([STANDIN, self.served, "--address", "127.0.0.1", "--port", str(self.port),
                                    "--log", self.log, *options], stdout=subprocess.PIPE, text=True)
        self.port = int(service.stdout.readline().split()[-1])
        return service

    def start(self):
        return subprocess.Popen([PROGRAM, "--endpoint", f"http://127.0.0.1:{self.port}", "--into", self.into,
                                 "--local", self.into / "none"], stderr=subprocess.PIPE, text=True)

    def wait_for(self, program, text):
        """Reads the program's journal up to a line with `text`."""
        for line in program.stderr:
            if text in line:
                return
        raise AssertionError(f"no line with {text!r}")

    def requests(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def read(self, name):
        return (self.into / name).read_text()


def done(program, status=0):
    _, journal = program.communicate(timeout=LIMIT)
    assert program.returncode == status, journal
    return journal


def fetches_everything(place):
    place.serve()
    done(place.start())
    assert place.read("user-data") == "kagent://" and place.read("instance-id") == "i-0123"
    assert (place.into / "user-data").stat().st_mode & 0o777 == 0o640
    assert place.requests()[0]["method"] == "PUT"
    assert all(request["token"] for request in place.requests()[1:])


def waits_for_a_late_service(place):
    first = place.serve()  # to learn a free port
    first.terminate()
    first.wait()
    program = place.start()
    place.wait_for(program, "refused")
    place.serve()
    done(program)
    assert place.read("user-data") == "kagent://"


def gets_another_token_when_one_expires(place):
    place.fault("token_ttl = 0.3\ndelay = 0.2\npath = meta-data\ntimes = 4")
    place.serve()
    assert "getting another" in done(place.start())
    assert sum(request["method"] == "PUT" for request in place.requests()) > 1
    assert place.read("user-data") == "kagent://"


def rides_over_server_errors(place):
    place.fault("status = 503\ntimes = 4")
    place.serve()
    assert "503" in done(place.start())
    assert place.read("user-data") == "kagent://"


def takes_no_half_answer(place):
    place.fault("cut = yes")
    place.serve()
    program = place.start()
    place.wait_for(program, "trying again")
    assert not (place.into / "user-data").exists()
    place.fault("cut = no")
    done(program)
    assert place.read("user-data") == "kagent://"


def says_what_to_do_when_forbidden(place):
    place.fault("disabled = yes")
    place.serve()
    program = place.start()
    place.wait_for(program, "modify-instance-metadata-options")
    program.send_signal(signal.SIGTERM)
    done(program, status=1)
    assert len(place.requests()) == 1


def never_falls_back_to_version_1(place):
    place.fault("token_status = 405")
    place.serve("--v1")
    program = place.start()
    place.wait_for(program, "never uses v1")
    program.send_signal(signal.SIGTERM)
    done(program, status=1)
    assert all(request["method"] == "PUT" for request in place.requests())


def is_content_without_user_data(place):
    (place.served / "user-data").unlink()
    (place.into / "user-data").write_text("of an earlier boot")
    place.serve()
    assert "nothing for kagent to do" in done(place.start())
    assert not (place.into / "user-data").exists() and place.read("instance-id") == "i-0123"


def takes_the_local_file_instead(place):
    local = place.into / "none"
    local.write_text("coordinator: kagent://")
    done(place.start())  # nobody serves
    assert place.read("user-data") == "coordinator: kagent://"


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Place(pathlib.Path(folder))
        services = []
        serve = place.serve
        place.serve = lambda *options: services.append(serve(*options)) or services[-1]
        try:
            globals()[PROMISE](place)
        finally:
            for service in services:
                service.kill()


main()
