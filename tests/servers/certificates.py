# SPDX-License-Identifier: Apache-2.0
"""Throwaway certificate authorities and server certificates, made with the openssl command."""
import pathlib

from tests.servers import process


class Authority:
    def __init__(self, name="freshet test CA"):
        self.folder = process.new_folder("ca")
        self.certificate = self.folder / "ca.pem"
        self._key = self.folder / "ca.key"
        process.run_checked(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                             "-keyout", self._key, "-out", self.certificate])

    def issue(self, folder, host="127.0.0.1"):
        """(certificate, key) for a server, as files in `folder`."""
        folder = pathlib.Path(folder)
        certificate, key, request, extension = (folder / f"server.{end}" for end in ("pem", "key", "csr", "ext"))
        kind = "IP" if host.replace(".", "").isdigit() else "DNS"
        extension.write_text(f"subjectAltName={kind}:{host}\n")
        process.run_checked(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-keyout", key, "-out", request])
        process.run_checked(["openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                             "-days", "2", "-extfile", extension, "-out", certificate])
        return certificate, key
