"""The ARN that a request is about, as the service authorization reference names it; `*` where it has none."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.secretsmanager.models import secretsmanager_backends


def _secret(request: Any, account: str, region: str) -> tuple[str, str]:
    """The ARN to match, and the name that AWS puts into its message."""
    wanted = request._get_param("SecretId") or request._get_param("Name")
    if not wanted:
        return "*", "*"
    for secret in secretsmanager_backends[account][region].secrets.values():
        # An ARN may be given without its random suffix.
        if wanted in (secret.name, secret.arn, secret.arn[:-7]):
            return secret.arn, secret.arn
    if wanted.startswith("arn:"):
        return wanted, wanted
    # A secret that does not exist has no suffix yet: six characters that only a wildcard matches.
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{wanted}-??????", wanted


def _iam(request: Any, account: str, _region: str) -> tuple[str, str]:
    for parameter in ("PolicyArn", "OpenIDConnectProviderArn", "PolicySourceArn"):
        # Attaching names a policy, but is judged on the role.
        if request._get_param(parameter) and not request._get_param("RoleName"):
            return (request._get_param(parameter),) * 2
    for parameter, kind in (("RoleName", "role"), ("UserName", "user"), ("PolicyName", "policy")):
        name = request._get_param(parameter)
        if name:
            return (f"arn:aws:iam::{account}:{kind}/{name}",) * 2
    return "*", "*"


def _eks(request: Any, account: str, region: str) -> tuple[str, str]:
    found = re.match(r"/clusters/([^/?]+)", request.path)
    return (f"arn:aws:eks:{region}:{account}:cluster/{found[1]}",) * 2 if found else ("*", "*")


def _kms(request: Any, account: str, region: str) -> tuple[str, str]:
    key = request._get_param("KeyId")
    if not key:
        return "*", "*"
    return (key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}",) * 2


def _bedrock(request: Any, account: str, region: str) -> tuple[str, str]:
    found = re.match(r"/model/([^/]+)/", request.path)
    if not found:
        return "*", "*"
    model = unquote(found[1])
    if model.startswith("arn:"):
        return model, model
    # Inference profiles carry the geography before the vendor, e.g. us.anthropic.…
    profile = re.match(r"(us|eu|apac|global|us-gov)\.", model)
    if profile:
        return (f"arn:aws:bedrock:{region}:{account}:inference-profile/{model}",) * 2
    return (f"arn:aws:bedrock:{region}::foundation-model/{model}",) * 2


def _sts(request: Any, _account: str, _region: str) -> tuple[str, str]:
    return (request._get_param("RoleArn") or "*",) * 2


RESOURCES: dict[str, Callable[[Any, str, str], tuple[str, str]]] = {
    "secretsmanager": _secret,
    "iam": _iam,
    "eks": _eks,
    "kms": _kms,
    "bedrock": _bedrock,
    "sts": _sts,
}


def resource_of(service: str, request: Any, account: str, region: str) -> tuple[str, str]:
    find = RESOURCES.get(service)
    return find(request, account, region) if find else ("*", "*")
