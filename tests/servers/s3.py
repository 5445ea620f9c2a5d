# SPDX-License-Identifier: Apache-2.0
"""Throwaway S3 servers: rclone's `serve s3` and versitygw, each over a folder of its own, and a small signing client to fill
them, written from the scheme's description and independent of freshet's."""
import hashlib
import hmac
import http.client
import ssl
import time
import urllib.parse

from tests.servers import downloads, process

ACCESS_KEY, SECRET_KEY = "AKIATESTKEY", "s3cret/of+the=test"
REGION = "us-east-1"
_EMPTY = hashlib.sha256(b"").hexdigest()


def sign(method, host, path, query, body_sha256, access_key=ACCESS_KEY, secret_key=SECRET_KEY, region=REGION):
    """Headers of a version 4 signature. `path` is encoded, `query` is not."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {"host": host, "x-amz-content-sha256": body_sha256, "x-amz-date": date}
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, path, encode_query(query), *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                           body_sha256])
    scope = f"{date[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret_key).encode()
    for part in (date[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}")
    return headers


def encode_query(query):
    return "&".join(sorted(f"{urllib.parse.quote(name, safe='-_.~')}={urllib.parse.quote(value, safe='-_.~')}"
                           for name, value in query.items()))


class S3Server:
    """Start, fill, stop. Subclasses say what the command is."""

    kind = "s3"

    def __init__(self, authority=None):
        self.folder = process.new_folder(self.kind)
        self.data = self.folder / "data"
        self.data.mkdir()
        self.port = process.free_port()
        self.authority = authority
        self.certificate = authority.issue(self.folder) if authority else None
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = process.ServerProcess(self.command(), self.folder / "log", env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin"})
        self.process.start()
        self.process.wait_ready(lambda: self.request("GET", "/")[0] == 200, f"{self.kind} to list its buckets")
        return self

    def stop(self):
        self.process.kill()

    def remove(self):
        if self.process:
            self.process.kill()

    @property
    def endpoint(self):
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    def request(self, method, path, body=b"", query=None):
        """(status, body) of one signed request."""
        headers = sign(method, f"127.0.0.1:{self.port}", path, query or {}, hashlib.sha256(body).hexdigest())
        if self.authority:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30,
                                                     context=ssl.create_default_context(cafile=self.authority.certificate))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path + ("?" + encode_query(query) if query else ""), body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def make_bucket(self, bucket):
        self._expect(self.request("PUT", f"/{bucket}"))

    def put(self, bucket, key, body):
        body = body.encode() if isinstance(body, str) else body
        self._expect(self.request("PUT", f"/{bucket}/" + urllib.parse.quote(key, safe="/-_.~"), body))

    def delete(self, bucket, key):
        self._expect(self.request("DELETE", f"/{bucket}/" + urllib.parse.quote(key, safe="/-_.~")))

    def properties(self, uri, **more):
        """The arguments of s3(..), as a dictionary."""
        values = {"uri": uri, "s3.endpoint": self.endpoint, "s3.region": REGION, "s3.access_key": ACCESS_KEY, "s3.secret_key": SECRET_KEY,
                  "use_path_style": "true"}
        if self.authority:
            values["s3.ca_file"] = str(self.authority.certificate)
        values.update({name.replace("__", "."): value for name, value in more.items()})
        return {name: value for name, value in values.items() if value is not None}

    @staticmethod
    def _expect(answer):
        status, body = answer
        if status not in (200, 204):
            raise RuntimeError(f"status {status}: {body[:500]}")


class RcloneS3(S3Server):
    kind = "rclone"

    def __init__(self, authority=None, anonymous=False):
        super().__init__(authority)
        self.anonymous = anonymous

    def command(self):
        command = [downloads.rclone(), "serve", "s3", self.data, "--addr", f"127.0.0.1:{self.port}", "--vfs-cache-mode", "off",
                   "--dir-cache-time", "0s", "--config", "/dev/null"]
        if not self.anonymous:
            command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
        if self.certificate:
            command += ["--cert", self.certificate[0], "--key", self.certificate[1]]
        return command


class VersityGw(S3Server):
    kind = "versitygw"

    def __init__(self, authority=None, virtual_domain=None):
        super().__init__(authority)
        self.virtual_domain = virtual_domain

    def command(self):
        command = [downloads.versitygw(), "--access", ACCESS_KEY, "--secret", SECRET_KEY, "--region", REGION, "--quiet",
                   "--port", f"127.0.0.1:{self.port}"]
        if self.certificate:
            command += ["--cert", self.certificate[0], "--key", self.certificate[1]]
        if self.virtual_domain:
            command += ["--virtual-domain", self.virtual_domain]
        # Attributes beside the files: not every file system of a test machine holds them.
        sidecar = self.folder / "attributes"
        sidecar.mkdir(exist_ok=True)
        return command + ["posix", "--sidecar", sidecar, self.data]
