"""A proxy before the API server that kills the agent before or after a chosen write: the request is
then never sent, or its answer never heard."""
import http.client
import http.server
import json
import os
import signal
import socketserver
import ssl
import subprocess
import threading
import urllib.parse

import yaml


class KillingProxy:
    def __init__(self, kubeconfig, directory):
        config = yaml.safe_load(open(kubeconfig))
        cluster = config["clusters"][0]["cluster"]
        self.upstream = urllib.parse.urlparse(cluster["server"])
        self.insecure = ssl._create_unverified_context()
        self.victim = None  # a process
        self.armed = None  # (writes until the kill, "before" or "after")
        self.lock = threading.Lock()
        self.killed = []  # (moment, method, path)
        certificate, key = directory / "proxy.crt", directory / "proxy.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_all(self):
                proxy.serve(self)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_all

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # the agent is killed in the middle of things

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        cluster.pop("certificate-authority-data", None)
        cluster["server"] = f"https://127.0.0.1:{self.server.server_port}"
        cluster["certificate-authority"] = str(certificate)
        self.kubeconfig = directory / "proxied-kubeconfig"
        self.kubeconfig.write_text(json.dumps(config))

    def due(self, method, path):
        """The moment of death, when this write is the one."""
        with self.lock:
            if method == "GET" or "dryRun" in path or not self.armed:
                return None
            left, moment = self.armed
            if left > 0:
                self.armed = (left - 1, moment)
                return None
            self.armed = None
            self.killed.append((moment, method, path))
            return moment

    def kill(self):
        os.kill(self.victim.pid, signal.SIGKILL)

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        moment = self.due(handler.command, handler.path)
        if moment == "before":
            self.kill()
            handler.close_connection = True
            return
        upstream = http.client.HTTPSConnection(self.upstream.hostname, self.upstream.port, context=self.insecure)
        headers = {k: v for k, v in handler.headers.items() if k.lower() not in ("host", "connection", "accept-encoding")}
        upstream.request(handler.command, handler.path, body or None, headers)
        answer = upstream.getresponse()
        if moment == "after":
            answer.read()
            self.kill()
            handler.close_connection = True
            return
        self.relay(handler, answer)

    @staticmethod
    def relay(handler, answer):
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                handler.send_header(name, value)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            data = answer.read1(65536)
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            handler.wfile.flush()
            if not data:
                return
