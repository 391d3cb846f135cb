"""Diagnostics that ask an endpoint: its HTTP answer, its name's addresses, the certificate that it serves."""

import socket
import ssl
from datetime import UTC, datetime
from typing import Any

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream

from kronveil.actions.diagnostics import Asked, Diagnostic, Found
from kronveil.actions.hosts import allowed, parsed
from kronveil.actions.masking import masked_text
from kronveil.model.execution import Target
from kronveil.sdk.actions import Means
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.outgoing import Request, send

TIMEOUT_S = 10.0
LONGEST_SHOWN = 300
MOST_NAMES = 50


async def http(means: Means, step: Asked, _target: Target) -> Found:
    """What an address answers to GET, and how soon. No redirect is followed."""
    url = step.parameters.get("url")
    _, host, port = parsed(url, f"{step.name}: url")
    allowed(means.outside, host, port)
    try:
        answer = await send(Request("GET", str(url), {"user-agent": "kronveil"}), timeout_s=TIMEOUT_S)
    except Transient as error:
        # That it does not answer is what was to be found out.
        return Found(str(error), {"is_up": False, "status": None, "took_ms": None, "body": ""})
    body = masked_text(answer.body.decode(errors="replace"))[:LONGEST_SHOWN]
    shown = "".join(each if each.isprintable() else " " for each in body)
    took = round(answer.took_s * 1000)
    findings = {"is_up": answer.status < 500, "status": answer.status, "took_ms": took, "body": shown}
    return Found(f"{host} answers {answer.status} in {took} ms", findings)


async def dns(_: Means, step: Asked, _target: Target) -> Found:
    """The addresses of a name, as this machine resolves it."""
    name = step.parameters.get("name")
    if not isinstance(name, str) or not name or len(name) > 253:
        raise Permanent(f"{step.name}: name must be a host name")
    try:
        with anyio.fail_after(TIMEOUT_S):
            found = await anyio.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        words = getattr(error, "strerror", None) or "it is no name"
        return Found(f"{name} does not resolve: {words}", {"resolves": False, "addresses": []})
    except TimeoutError:
        raise Transient(f"{name} was not resolved within {TIMEOUT_S:g} s") from None
    addresses = sorted({str(each[4][0]) for each in found})[:MOST_NAMES]
    return Found(f"{name} is {', '.join(addresses)}", {"resolves": True, "addresses": addresses})


async def tls(means: Means, step: Asked, _: Target) -> Found:
    """The certificate that an endpoint serves now: whose, for which names, until when, and whether it is trusted."""
    host, port = step.parameters.get("host"), step.parameters.get("port", 443)
    if not isinstance(host, str) or not host or not isinstance(port, int) or isinstance(port, bool):
        raise Permanent(f"{step.name}: host must be a name and port a whole number")
    allowed(means.outside, host, port)
    why, der = await _served(host, port, ssl.create_default_context())
    is_trusted = not why
    if der is None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        more, der = await _served(host, port, context)
        if der is None:
            raise Transient(f"{host}:{port} shows no certificate: {more}")
    findings = {**_read(der), "is_trusted": is_trusted, "why_not": why}
    words = f"{host}:{port} serves a certificate of {findings['issuer']}, {findings['days_left']} days left"
    return Found(words + ("" if is_trusted else f"; not trusted: {why}"), findings)


async def _served(host: str, port: int, context: ssl.SSLContext) -> tuple[str, bytes | None]:
    """Why it is not trusted, or the certificate as it was shown. Raises Transient when nobody is there."""
    try:
        with anyio.fail_after(TIMEOUT_S):
            plain: ByteStream = await anyio.connect_tcp(host, port)
            async with (
                plain,
                await TLSStream.wrap(plain, hostname=host, ssl_context=context, standard_compatible=False) as stream,
            ):
                der: bytes | None = stream.extra(TLSAttribute.peer_certificate_binary)  # noqa: S610 - AnyIO's, no database
                return "", der
    except ssl.SSLCertVerificationError as error:
        return error.verify_message, None
    except ssl.SSLError as error:
        return (error.reason or "no TLS").replace("_", " ").lower(), None
    except (OSError, TimeoutError, anyio.BrokenResourceError, anyio.EndOfStream) as error:
        if isinstance(cause := error.__cause__, ssl.SSLCertVerificationError):
            return cause.verify_message, None
        raise Transient(f"{host}:{port} cannot be reached") from None


def _read(der: bytes) -> dict[str, Any]:
    from cryptography import x509  # noqa: PLC0415 - imported when a certificate is read, not when the program starts
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    found = x509.load_der_x509_certificate(der)
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = [str(each) for each in names.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        known = []
    issuer = [each.value for each in found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
    ends = found.not_valid_after_utc
    return {
        "issuer": _plain(str(issuer[0]) if issuer else found.issuer.rfc4514_string()),
        "names": [_plain(each) for each in known[:MOST_NAMES]],
        "expires_at": ends.isoformat().replace("+00:00", "Z"),
        "days_left": (ends - datetime.now(UTC)).days,
        "serial": f"{found.serial_number:x}",
        "is_self_signed": found.issuer == found.subject,
    }


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else "\ufffd" for each in text)[:LONGEST_SHOWN]


NETWORK = (
    Diagnostic(
        "http",
        "What an allowed address answers to GET, and how soon.",
        ("url",),
        {"is_up": "flag", "status": "number", "took_ms": "number", "body": "text"},
        http,
        http,
    ),
    Diagnostic(
        "dns",
        "The addresses of a name, as this machine resolves it.",
        ("name",),
        {"resolves": "flag", "addresses": "texts"},
        dns,
        dns,
    ),
    Diagnostic(
        "tls",
        "The certificate that an allowed host serves now.",
        ("host", "port"),
        {
            "issuer": "text",
            "names": "texts",
            "expires_at": "text",
            "days_left": "number",
            "serial": "text",
            "is_self_signed": "flag",
            "is_trusted": "flag",
            "why_not": "text",
        },
        tls,
        tls,
    ),
)
