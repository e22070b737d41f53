"""Apache httpd with mod_dav, in the foreground, with a configuration of its own."""

import os
import shutil
import subprocess
import time
from http.client import HTTPConnection
from pathlib import Path

from harness.process import PATIENCE, free_port, stop

_MODULES = Path("/usr/lib/apache2/modules")
_CONFIGURATION = """\
ServerRoot "{root}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile httpd.pid
ErrorLog error.log
LogLevel warn
{modules}
{user}
# Longer than any test run, so that no pooled connection closes just as a request is sent on it.
KeepAliveTimeout 600
MaxKeepAliveRequests 0
DocumentRoot "{root}/documents"
DavLockDB "{root}/locks"
# mod_dav wants a Destination with its own scheme and port; behind a proxy that ends TLS it is told so here.
RequestHeader edit Destination "^https?://[^/]*" "http://127.0.0.1:{port}" early
<Directory "{root}/documents">
    Require all granted
    Dav On
    DavDepthInfinity on
</Directory>
"""


class Apache:
    """The server and the directory that it serves under `/dav/`."""

    def __init__(self, root: Path) -> None:
        self.port = free_port()
        self.tree = root / "documents/dav"
        self.tree.mkdir(parents=True)
        modules = ["mpm_event", "authz_core", "headers", "dav", "dav_fs"]
        load = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in modules)
        user = ""
        if os.geteuid() == 0:
            # Apache does not serve as root: it changes to a user, who must be able to write here.
            user = "User www-data\nGroup www-data"
            root.chmod(0o755)
            for directory in (root, self.tree.parent, self.tree):
                shutil.chown(directory, "www-data", "www-data")
        configuration = root / "httpd.conf"
        configuration.write_text(_CONFIGURATION.format(root=root, port=self.port, user=user, modules=load))
        command = ["/usr/sbin/apache2", "-f", str(configuration), "-DFOREGROUND"]
        self._child = subprocess.Popen(command)

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._child.poll() is None, "apache2 ended; its words are above"
            assert time.monotonic() < deadline, "apache2 does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("OPTIONS", "/dav/")
            return connection.getresponse().status == 200
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        stop(self._child)
