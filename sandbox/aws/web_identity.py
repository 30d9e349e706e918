"""AssumeRoleWithWebIdentity as STS judges it: token, provider, audience, trust policy."""

import base64
import json
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from moto.iam.models import iam_backends

from aws_errors import Refusal, refusal
from policies import UnknownOperator, as_list, conditions_hold, parse

ACTION = "sts:AssumeRoleWithWebIdentity"


class InvalidToken(Exception):
    """The web identity token cannot be trusted; the text is for the caller."""


class Keys:
    """The cluster's signing keys, read anew when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, rsa.RSAPublicKey] = {}

    def find(self, key_id: str) -> rsa.RSAPublicKey:
        try:
            stat = self.path.stat()
            if self._stamp != (stat.st_mtime_ns, stat.st_size):
                self._keys = {key["kid"]: _public_key(key) for key in json.loads(self.path.read_text())["keys"]}
                self._stamp = (stat.st_mtime_ns, stat.st_size)
        except (OSError, ValueError, KeyError) as error:
            raise InvalidToken("Couldn't retrieve verification key from your identity provider") from error
        if key_id not in self._keys:
            raise InvalidToken("Couldn't retrieve verification key from your identity provider")
        return self._keys[key_id]


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _public_key(jwk: dict[str, str]) -> rsa.RSAPublicKey:
    modulus, exponent = (int.from_bytes(_decode(jwk[part]), "big") for part in ("n", "e"))
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def verify(token: str, keys: Keys) -> dict[str, Any]:
    """Claims of a token that the cluster signed and that has not expired."""
    try:
        head, payload, signature = token.split(".")
        header, claims = json.loads(_decode(head)), json.loads(_decode(payload))
        if header.get("alg") != "RS256":
            raise InvalidToken("Token signature algorithm is not supported")
        key = keys.find(str(header.get("kid")))
        key.verify(_decode(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise InvalidToken("Token signature invalid") from error
    except ValueError as error:
        raise InvalidToken("The ID Token provided is not a valid JWT") from error
    return claims


def _find_provider(account: str, issuer: str) -> Any:
    for provider in iam_backends[account]["aws"].open_id_providers.values():
        if provider.url.removeprefix("https://").rstrip("/") == issuer:
            return provider
    return None


def _trusts(statement: dict[str, Any], provider_arn: str, context: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    federated = as_list(principal.get("Federated")) if isinstance(principal, dict) else []
    if provider_arn not in federated or ACTION not in as_list(statement.get("Action")):
        return False
    try:
        return conditions_hold(statement.get("Condition"), context)
    except UnknownOperator:
        return statement.get("Effect") == "Deny"


def judge(role_arn: str, token: str, keys: Keys) -> Refusal | None:
    """None when the token may assume the role, otherwise STS's answer."""
    denied = refusal("sts", "AccessDenied", f"Not authorized to perform {ACTION}")
    try:
        claims = verify(token, keys)
    except InvalidToken as error:
        return refusal("sts", "InvalidIdentityToken", str(error), 400)
    if claims.get("exp", 0) < time.time():
        return refusal("sts", "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time", 400)
    issuer = str(claims.get("iss", "")).removeprefix("https://").rstrip("/")
    parts = role_arn.split(":")
    if len(parts) < 6:
        return refusal("sts", "ValidationError", f"{role_arn} is invalid", 400)
    account = parts[4]
    provider = _find_provider(account, issuer)
    if provider is None:
        message = f"No OpenIDConnect provider found in your account for https://{issuer}"
        return refusal("sts", "InvalidIdentityToken", message, 400)
    if not set(as_list(claims.get("aud"))) & set(provider.client_id_list):
        return refusal("sts", "InvalidIdentityToken", "Incorrect token audience", 400)
    role = next((r for r in iam_backends[account]["aws"].roles.values() if r.arn == role_arn), None)
    if role is None:
        return denied
    context = {f"{issuer}:{claim}": value for claim, value in claims.items()}
    statements = [s for s in parse(role.assume_role_policy_document) if _trusts(s, provider.arn, context)]
    effects = {statement.get("Effect") for statement in statements}
    return None if effects == {"Allow"} else denied
