"""Refusals in the form in which AWS sends them: JSON, REST-JSON or XML, by the service that was called."""

import json
from xml.sax.saxutils import escape

from werkzeug.exceptions import HTTPException

JSON_SERVICES = {"secretsmanager", "kms", "ssm", "ecr", "acm", "ce", "logs"}
REST_JSON_SERVICES = {"eks", "bedrock", "lambda", "efs"}


class Refusal(HTTPException):
    """Ends a request before moto sees it."""

    def __init__(self, status: int, body: str, headers: dict[str, str]) -> None:
        super().__init__(body)
        self.code = status
        self.refusal_headers = headers


def refusal(service: str, code: str, message: str, status: int | None = None) -> Refusal:
    if service in JSON_SERVICES:
        body = json.dumps({"__type": code, "Message": message, "message": message})
        return Refusal(status or 400, body, {"content-type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code})
    if service in REST_JSON_SERVICES:
        body = json.dumps({"__type": code, "message": message})
        return Refusal(status or 403, body, {"content-type": "application/json", "x-amzn-ErrorType": code})
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>"
    if service == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
            "<RequestID>sandbox</RequestID></Response>"
        )
    return Refusal(status or 403, body, {"content-type": "text/xml"})


def access_denied(service: str, user: str, action: str, resource: str, explicit: bool) -> Refusal:
    why = (
        "with an explicit deny in an identity-based policy"
        if explicit
        else f"because no identity-based policy allows the {action} action"
    )
    json_like = service in JSON_SERVICES or service in REST_JSON_SERVICES
    code = "AccessDeniedException" if json_like else "UnauthorizedOperation" if service == "ec2" else "AccessDenied"
    return refusal(
        service, code, f"User: {user} is not authorized to perform: {action} on resource: {resource} {why}"
    )


def bad_key(service: str) -> Refusal:
    message = "The security token included in the request is invalid."
    if service == "ec2":
        return refusal(service, "AuthFailure", "AWS was not able to validate the provided access credentials", 401)
    if service in JSON_SERVICES or service in REST_JSON_SERVICES:
        return refusal(service, "UnrecognizedClientException", message)
    return refusal(service, "InvalidClientTokenId", message)


def expired(service: str) -> Refusal:
    message = "The security token included in the request is expired"
    if service in JSON_SERVICES or service in REST_JSON_SERVICES:
        return refusal(service, "ExpiredTokenException", message)
    return refusal(service, "RequestExpired" if service == "ec2" else "ExpiredToken", message)


def throttled(service: str) -> Refusal:
    if service in JSON_SERVICES or service in REST_JSON_SERVICES:
        return refusal(service, "ThrottlingException", "Rate exceeded", 400)
    return refusal(service, "RequestLimitExceeded" if service == "ec2" else "Throttling", "Rate exceeded", 400)


def failing(service: str) -> Refusal:
    return refusal(service, "InternalFailure", "The request processing has failed because of an unknown error", 500)
