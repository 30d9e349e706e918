"""SimulatePrincipalPolicy, which moto does not have: the decisions are those of the hook that judges every request here.

Source: IAM API reference, SimulatePrincipalPolicy.
"""

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse

from authorization import documents_of
from aws_errors import refusal
from policies import Verdict, evaluate

DECISIONS = {Verdict.ALLOWED: "allowed", Verdict.DENIED: "explicitDeny", Verdict.SILENT: "implicitDeny"}


def _decisions(request: Any, documents: tuple[str, ...]) -> Iterator[dict[str, str]]:
    context = {
        entry["ContextKeyName"]: entry.get("ContextKeyValues", []) for entry in request._get_param("ContextEntries", [])
    }
    for action in request._get_param("ActionNames", []):
        for resource in request._get_param("ResourceArns", []) or ["*"]:
            decision = DECISIONS[evaluate(iter(documents), action, resource, context)]
            yield {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision}


def _simulate(self: Any) -> ActionResult:
    principal = str(self._get_param("PolicySourceArn"))
    documents = documents_of(iam_backends[self.current_account]["aws"], principal)
    if documents is None:
        raise refusal("iam", "NoSuchEntity", f"The principal {principal} cannot be found.", 404)
    return ActionResult({"IsTruncated": False, "EvaluationResults": list(_decisions(self, documents))})


def offer_simulation() -> None:
    """From now on IAM answers it."""
    IamResponse.simulate_principal_policy = _simulate  # type: ignore[attr-defined]
