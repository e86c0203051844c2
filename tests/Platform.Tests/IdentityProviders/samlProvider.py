"""A SAML identity provider (pysaml2) for the tests: samlProvider.py PORT DIRECTORY.

DIRECTORY holds key.pem and cert.pem. GET /metadata is the provider's metadata; POST /sp takes that of the service provider;
GET /sso answers a request with the form's fields as JSON: user is the address of who logs in, sign is assertion, response or both.
Prints "ready" when it listens, and ends when its input does.
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from saml2 import BINDING_HTTP_REDIRECT, xmldsig
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server

port, directory = int(sys.argv[1]), Path(sys.argv[2])
base = f"http://127.0.0.1:{port}"
service_provider = directory / "sp.xml"


def config():
    settings = {
        "entityid": f"{base}/metadata",
        "service": {
            "idp": {
                "endpoints": {"single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)]},
                "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None, "name_form": NAME_FORMAT_URI}},
            }
        },
        "key_file": str(directory / "key.pem"),
        "cert_file": str(directory / "cert.pem"),
        "xmlsec_binary": "/usr/bin/xmlsec1",
    }
    if service_provider.exists():
        settings["metadata"] = {"local": [str(service_provider)]}
    return IdPConfig().load(settings)


def respond(query):
    server = Server(config=config())
    request = server.parse_authn_request(query["SAMLRequest"][0], BINDING_HTTP_REDIRECT).message
    user, sign = query["user"][0], query.get("sign", ["assertion"])[0]
    response = server.create_authn_response(
        identity={"mail": [user], "displayName": ["Person " + user.split("@")[0]]},
        in_response_to=request.id,
        destination=request.assertion_consumer_service_url,
        sp_entity_id=request.issuer.text,
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, name_qualifier=f"{base}/metadata", text="subject-of-" + user),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", "authn_auth": base},
        sign_assertion=sign in ("assertion", "both"),
        sign_response=sign in ("response", "both"),
        sign_alg=xmldsig.SIG_RSA_SHA256,
        digest_alg=xmldsig.DIGEST_SHA256,
    )
    return str(response)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        at = urlparse(self.path)
        if at.path == "/metadata":
            self.answer(str(entity_descriptor(config())), "application/samlmetadata+xml")
        else:
            query = parse_qs(at.query)
            self.answer(json.dumps({"xml": respond(query), "relayState": query["RelayState"][0]}), "application/json")

    def do_POST(self):
        service_provider.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer("", "text/plain")

    def answer(self, text, kind):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


listener = ThreadingHTTPServer(("127.0.0.1", port), Handler)
threading.Thread(target=listener.serve_forever, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
