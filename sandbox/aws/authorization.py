"""Stands in moto's one authorization hook: who calls, may they, and does a rehearsed fault strike first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timezone
from typing import Any

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from aws_errors import access_denied, bad_key, expired, refusal
from faults import Faults
from policies import Verdict, evaluate
from resources import resource_of
from web_identity import Keys, judge

# Source: SigV4, "Credential=<key>/<date>/<region>/<service>/aws4_request", in a header or in the query of a pre-signed URL.
SCOPE = re.compile(r"Credential=([^/,&]+)/\d{8}/([^/,&]+)/([^/,&]+)/aws4_request")


@dataclass(frozen=True)
class Caller:
    arn: str
    documents: tuple[str, ...]


def _document(policy: Any) -> str:
    """The text of a managed policy's default version, or of an inline policy in one of moto's forms."""
    if isinstance(policy, str):
        return policy
    if isinstance(policy, dict):
        return str(policy["policy_document"])
    return str(next(version for version in policy.versions if version.is_default).document)


def _user_documents(iam: Any, name: str) -> Iterator[str]:
    for policy in iam.list_user_policies(name):
        yield _document(iam.get_user_policy(name, policy))
    yield from map(_document, iam.list_attached_user_policies(name)[0])
    for group in iam.get_groups_for_user(name):
        for policy in iam.list_group_policies(group.name):
            yield _document(iam.get_group_policy(group.name, policy))
        yield from map(_document, iam.list_attached_group_policies(group.name)[0])


def _role_documents(iam: Any, name: str) -> Iterator[str]:
    for policy in iam.list_role_policies(name):
        yield _document(iam.get_role_policy(name, policy)[1])
    yield from map(_document, iam.list_attached_role_policies(name)[0])


def documents_of(iam: Any, arn: str) -> tuple[str, ...] | None:
    """Policies of a user or role; None when there is none of this ARN."""
    for user in iam.users.values():
        if user.arn == arn:
            return tuple(_user_documents(iam, user.name))
    role = next((role for role in iam.roles.values() if role.arn == arn), None)
    return None if role is None else tuple(_role_documents(iam, role.name))


def _identify(request: Any, service: str, key: str) -> Caller:
    """Raises the refusal that AWS would send for a key that is unknown, inactive or expired."""
    account = request.current_account
    iam = iam_backends[account]["aws"]
    for user in iam.users.values():
        for access_key in user.access_keys:
            if access_key.access_key_id == key and access_key.status == "Active":
                return Caller(user.arn, tuple(_user_documents(iam, user.name)))
    for session in sts_backends[account]["aws"].assumed_roles:
        if session.access_key_id != key:
            continue
        if request.headers.get("X-Amz-Security-Token", session.session_token) != session.session_token:
            raise bad_key(service)
        if session.expiration.replace(tzinfo=timezone.utc) < utcnow().replace(tzinfo=timezone.utc):
            raise expired(service)
        documents = documents_of(iam, session.role_arn)
        if documents is None:
            raise bad_key(service)
        return Caller(session.arn, documents)
    raise bad_key(service)


def _authorize(request: Any, keys: Keys, faults: Faults) -> None:
    name = request._get_action()
    if name == "AssumeRoleWithWebIdentity":
        faults.strike("sts", name)
        refused = judge(str(request._get_param("RoleArn")), str(request._get_param("WebIdentityToken")), keys)
        if refused is not None:
            raise refused
        return
    signed = request.headers.get("Authorization") or request.uri.replace("%2F", "/").replace("X-Amz-", "")
    scope = SCOPE.search(signed)
    if scope is None:
        raise refusal(request.service_name or "", "MissingAuthenticationToken", "Request is missing Authentication Token")
    key, region, service = scope.groups()
    faults.strike(service, name)
    caller = _identify(request, service, key)
    action = f"{service}:{name}"
    # Always allowed. Source: STS API reference, GetCallerIdentity.
    if action == "sts:GetCallerIdentity":
        return
    resource, shown = resource_of(service, request, request.current_account, region)
    context = {"aws:RequestedRegion": region, "aws:PrincipalArn": caller.arn}
    verdict = evaluate(iter(caller.documents), action, resource, context)
    if verdict is not Verdict.ALLOWED:
        raise access_denied(service, caller.arn, action, shown, explicit=verdict is Verdict.DENIED)


def enforce(keys: Keys, faults: Faults) -> None:
    """From now on no request of any service passes unjudged."""

    def hook(self: Any, _request_class: type, resource: str = "*") -> None:
        del resource
        _authorize(self, keys, faults)

    ActionAuthenticatorMixin._authenticate_and_authorize_action = hook  # type: ignore[method-assign]
