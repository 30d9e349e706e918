"""Lets holders of a token of the identity provider call models. LiteLLM loads `check` as its `custom_auth`.

LiteLLM asks nobody else about a caller then, so all ways in are decided here:
- a token: calls of models, and of those alone that LLMGW_TOKENS names;
- a key of LiteLLM's database: calls of models, of those that the key allows;
- the master key: everything.
"""

import asyncio
import hashlib
import hmac
import json
import os
import time

import httpx
import jwt
from fastapi import Request
from litellm.proxy import proxy_server as proxy
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth, hash_token
from litellm.proxy.auth.auth_checks import get_key_object
from litellm.proxy.auth.auth_utils import get_request_route
from litellm.proxy.common_utils.http_parsing_utils import _read_request_body

SETTINGS = json.loads(os.environ["LLMGW_TOKENS"])

# Never one with a shared secret: everybody knows the public key, and would sign with it.
ASYMMETRIC = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)
ALGORITHMS = frozenset(SETTINGS["algorithms"])
if not ALGORITHMS or not ALGORITHMS <= ASYMMETRIC:
    raise ValueError("LLMGW_TOKENS: algorithms must be asymmetric ones")

MODELS = tuple(SETTINGS["models"])
if not MODELS:
    raise ValueError("LLMGW_TOKENS: names no model, which LiteLLM would take for all")

# One second here or there between two clocks is no forgery.
LEEWAY_SECONDS = 30
# Keys that a provider has withdrawn are forgotten after this long.
REFRESH_SECONDS = 3600
# As long as the provider does not answer, the keys that are known go on; not for ever.
STALE_SECONDS = 86400
# Tokens with made-up key ids must not make this pod ask the provider each time.
PAUSE_SECONDS = 10
# No key set is as long as this.
LONGEST_KEY_SET = 1_000_000

LISTS = frozenset(("/models", "/v1/models"))
CALLS = frozenset(
    (
        "/chat/completions",
        "/v1/chat/completions",
        "/completions",
        "/v1/completions",
        "/embeddings",
        "/v1/embeddings",
        "/v1/messages",
    )
)
# With these a call reaches other models, or other places, than the one it names.
DETOURS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "user_config", "model_list")


def refused(status, message):
    return ProxyException(message=message, type="auth_error", param="authorization", code=status)


class Keys:
    """The provider's public keys by their id."""

    def __init__(self, url):
        self._url = url
        self._keys = None
        self._fetched = 0.0
        self._tried = None
        self._lock = asyncio.Lock()

    async def find(self, kid):
        if self._keys is None or time.monotonic() - self._fetched > REFRESH_SECONDS:
            await self._refresh()
        if self._keys is not None and kid not in self._keys:
            # Signed with a key that is newer than what is known here, or made up.
            await self._refresh()
        if self._keys is None or time.monotonic() - self._fetched > STALE_SECONDS:
            raise refused(503, "the identity provider's keys cannot be read: tokens cannot be checked now")
        return self._keys.get(kid)

    async def _refresh(self):
        async with self._lock:
            now = time.monotonic()
            if self._tried is not None and now - self._tried < PAUSE_SECONDS:
                return
            self._tried = now
            try:
                self._keys = await self._fetch()
                self._fetched = now
            except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
                print(f"llmgw_tokens: the keys at {self._url} cannot be read: {type(error).__name__}: {error}", flush=True)

    async def _fetch(self):
        async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
            answer = await client.get(self._url)
        answer.raise_for_status()
        if len(answer.content) > LONGEST_KEY_SET:
            raise ValueError("the answer is too long for a key set")
        found = [key for key in answer.json()["keys"] if isinstance(key.get("kid"), str)]
        usable = [key for key in found if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"]
        if not usable:
            raise ValueError("the answer holds no key for signatures")
        return {key["kid"]: key for key in usable}


KEYS = Keys(SETTINGS["jwksUrl"])


async def check(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Who calls, and whether this caller may call this. Raises ProxyException 401, 403 or 503."""
    if not isinstance(api_key, str) or api_key == "":
        raise refused(401, "a token of the identity provider is missing: send it as Authorization: Bearer")
    if is_master_key(api_key):
        return UserAPIKeyAuth(
            api_key=api_key, user_id=proxy.litellm_proxy_admin_name, user_role=LitellmUserRoles.PROXY_ADMIN
        )
    if api_key.count(".") != 2:
        known = await holder_of_key(api_key)
        refuse_other_routes(request)
        return known
    claims = await claims_of(api_key)
    refuse_other_roles(claims)
    refuse_other_routes(request)
    await refuse_other_models(request)
    return holder_of_token(claims)


def is_master_key(api_key):
    master = proxy.master_key
    return isinstance(master, str) and master != "" and hmac.compare_digest(api_key.encode(), master.encode())


async def holder_of_key(api_key):
    """A key as the database has it; LiteLLM itself checks expiry, budgets and models of what is returned here."""
    if proxy.prisma_client is None:
        raise refused(401, "neither a token of the identity provider nor a key that is known here")
    try:
        found = await get_key_object(
            hashed_token=hash_token(api_key),
            prisma_client=proxy.prisma_client,
            user_api_key_cache=proxy.user_api_key_cache,
            proxy_logging_obj=proxy.proxy_logging_obj,
        )
    except ProxyException as error:
        if str(error.code) == "401":
            raise refused(401, "neither a token of the identity provider nor a key that is known here") from error
        raise
    if found.blocked or found.team_blocked:
        raise refused(401, "this key is blocked")
    return found


async def claims_of(token):
    """What a token says, once its signature, issuer, audience and times hold."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise refused(401, "this is no token") from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise refused(401, "the token is signed in a way that is not accepted here")
    if not isinstance(kid, str) or kid == "":
        raise refused(401, "the token does not say which key signed it")
    key = await KEYS.find(kid)
    if key is None:
        raise refused(401, "the token is signed with a key that the identity provider does not publish")
    if key.get("alg", algorithm) != algorithm:
        raise refused(401, "the token is signed in another way than its key is for")
    try:
        claims = jwt.decode(
            token,
            key=jwt.PyJWK(key, algorithm=algorithm).key,
            algorithms=[algorithm],
            issuer=SETTINGS["issuer"],
            audience=SETTINGS["audience"],
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise refused(401, "the token has expired") from error
    except jwt.InvalidIssuerError as error:
        raise refused(401, "the token is of another issuer") from error
    except jwt.InvalidAudienceError as error:
        raise refused(401, "the token is for another audience") from error
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise refused(401, "the token does not hold") from error
    user = claims.get(SETTINGS["userClaim"])
    if not isinstance(user, str) or user == "":
        raise refused(401, "the token names no user")
    return claims


def refuse_other_roles(claims):
    allowed = SETTINGS.get("allowedRoles")
    if not allowed:
        return
    roles = claims.get(SETTINGS["rolesClaim"])
    held = roles if isinstance(roles, list) else [roles]
    if not any(isinstance(role, str) and role in allowed for role in held):
        raise refused(403, "none of the token's roles may use the gateway")


def refuse_other_routes(request):
    route = get_request_route(request=request)
    wanted = "GET" if route in LISTS else "POST" if route in CALLS else None
    # A WebSocket has no method.
    if wanted is None or request.scope.get("method") != wanted:
        raise refused(403, "only the master key may use this route; others call models, and list them")


async def refuse_other_models(request):
    """LiteLLM lets a model in the query win over the one in the body."""
    if get_request_route(request=request) in LISTS:
        return
    body = await _read_request_body(request=request)
    for name in DETOURS:
        if body.get(name) is not None:
            raise refused(403, f"only the master key may send {name}")
    named = [body.get("model"), *request.query_params.getlist("model")]
    if any(model not in MODELS for model in named if model is not None) or named == [None]:
        raise refused(403, "this model is not for holders of tokens; see /v1/models")


def holder_of_token(claims):
    user, email = claims[SETTINGS["userClaim"]], claims.get(SETTINGS["emailClaim"])
    identity = hashlib.sha256(json.dumps([SETTINGS["issuer"], user]).encode()).hexdigest()
    return UserAPIKeyAuth(
        # What limits and counters go by: the same for every token of this user.
        token=identity,
        key_alias=f"token of {user}",
        user_id=user,
        user_email=email if isinstance(email, str) else None,
        user_role=LitellmUserRoles.INTERNAL_USER,
        models=list(MODELS),
    )
