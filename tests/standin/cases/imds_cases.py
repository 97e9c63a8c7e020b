import http.client
import os
import shutil
import subprocess
import tempfile
import unittest

from node import HERE

TOKEN = "X-aws-ec2-metadata-token"


class Imds(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="standin-imds-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("meta-data/instance-id", "i-0123456789abcdef0")
        self.write("meta-data/placement/availability-zone", "eu-central-1a")
        self.server = subprocess.Popen(
            [os.path.join(HERE, "..", "imds"), self.folder, "--address", "127.0.0.1", "--port",
             "0"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.server.stdout.close)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.kill)
        self.port = int(self.server.stdout.readline().split()[-1])

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def ask(self, method, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers={k.replace("_", "-"): v
                                                  for k, v in headers.items()})
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def token(self, ttl="60"):
        return self.ask("PUT", "/latest/api/token", **{TOKEN + "-ttl-seconds": ttl})

    def get(self, path, token=None):
        return self.ask("GET", path, **{TOKEN: token or self.token()[1]})

    def test_needs_a_token(self):
        self.assertEqual(401, self.ask("GET", "/latest/meta-data/instance-id")[0])
        self.assertEqual(401, self.get("/latest/meta-data/instance-id", "made-up")[0])
        self.assertEqual((200, "i-0123456789abcdef0"), self.get("/latest/meta-data/instance-id"))

    def test_refuses_a_bad_put(self):
        for ttl in ("0", "21601", "-1", "soon", ""):
            self.assertEqual(400, self.token(ttl)[0], ttl)
        self.assertEqual(400, self.ask("PUT", "/latest/api/token")[0])
        self.assertEqual(200, self.token("21600")[0])
        self.assertEqual(403, self.ask("PUT", "/latest/api/token", X_Forwarded_For="10.0.0.1")[0])

    def test_no_user_data_is_404(self):
        self.assertEqual(404, self.get("/latest/user-data")[0])
        self.write("user-data", "kagent://")
        self.assertEqual((200, "kagent://"), self.get("/latest/user-data"))
        self.assertEqual(404, self.get("/latest/../.control")[0])

    def test_lists_folders(self):
        self.assertEqual((200, "instance-id\nplacement/"), self.get("/latest/meta-data/"))

    def test_faults_come_from_the_control_file(self):
        token = self.token()[1]
        self.write(".control", "get_status = 503\ntimes = 2\n")
        path = "/latest/meta-data/instance-id"
        self.assertEqual([503, 503, 200], [self.get(path, token)[0] for _ in range(3)])
        self.write(".control", "disabled = yes\n")
        self.assertEqual(403, self.token()[0])
        self.write(".control", "forget_tokens = yes\n")
        self.assertEqual(401, self.get(path, token)[0])
        self.write(".control", "")
        self.assertEqual(200, self.get(path, token)[0])
