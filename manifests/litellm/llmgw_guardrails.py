"""Keeps words out of questions and answers. LiteLLM loads `Rules` as a guardrail of its own.

LLMGW_GUARDRAILS holds the rules. A question that breaks one is not asked; an answer that breaks one is not given, also where it
comes as a stream: text is held back until no rule can still match it. Nothing of what people write is logged.
"""

import json
import os
import re
import unicodedata

from fastapi import HTTPException
from litellm.integrations.custom_guardrail import CustomGuardrail

SETTINGS = json.loads(os.environ["LLMGW_GUARDRAILS"])
MESSAGE = SETTINGS["message"]
APPLY = frozenset(SETTINGS["apply"])
REFUSES = SETTINGS["action"] == "refuse"

# Characters that are not seen, and would part a word.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# The longest match of a pattern whose beginning is held back in a stream.
PATTERN_WINDOW = 200
# Fields of a message that people read.
FIELDS = ("content", "reasoning_content", "refusal")


def seen(text):
    """Text as a reader sees it: compatible forms are one, case is none."""
    return UNSEEN.sub("", unicodedata.normalize("NFKC", text)).casefold()


def whole(word):
    return rf"(?<!\w){re.escape(seen(word))}(?!\w)"


def beginning(prefix):
    return rf"(?<!\w){re.escape(seen(prefix))}"


RULES = [
    *(re.compile(whole(word)) for word in SETTINGS["words"]),
    *(re.compile(beginning(prefix)) for prefix in SETTINGS["prefixes"]),
    *(re.compile(pattern, re.IGNORECASE) for pattern in SETTINGS["patterns"]),
]
if not RULES:
    raise ValueError("LLMGW_GUARDRAILS: there is no rule")

LONGEST = max(
    [len(seen(one)) for one in (*SETTINGS["words"], *SETTINGS["prefixes"])]
    + ([PATTERN_WINDOW] if SETTINGS["patterns"] else [])
)
# One more tells whether a word goes on; twice, since unseen characters may stand between.
WINDOW = 2 * (LONGEST + 1)


def broken(text, ended=True):
    """Whether a rule matches. While a text goes on, a match at its very end may still become another word."""
    plain = seen(text)
    return any(ended or match.end() < len(plain) for rule in RULES for match in rule.finditer(plain))


def texts(value):
    """Every text in the content of a message: a string, or parts of which some are text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in ("text", "content", "input_text", "output_text", "input", "refusal", "thinking"):
            if key in value:
                yield from texts(value[key])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)


def breaks(value):
    """The texts one by one, and as a reader sees them: side by side."""
    found = list(texts(value))
    return any(broken(text) for text in found) or broken("".join(found))


def role(message):
    return message.get("role") if isinstance(message, dict) else None


def sanitised(messages):
    """The conversation without earlier turns that were blocked: a model would go on about them.

    A turn is a user's message with all that answers it, calls of tools and their results included; what is in no turn
    (system messages before the first) stays, and so do system messages inside.
    """
    starts = [index for index, message in enumerate(messages) if role(message) == "user"]
    if not starts:
        return messages
    kept = list(messages[: starts[0]])
    for number, start in enumerate(starts):
        last = number == len(starts) - 1
        turn = messages[start : None if last else starts[number + 1]]
        answers = [message for message in turn if role(message) == "assistant"]
        blocked = breaks(turn[0].get("content")) or any(answer.get("content") == MESSAGE for answer in answers)
        kept += [message for message in turn if role(message) in ("system", "developer")] if blocked and not last else turn
    return kept


def asked(data):
    """What this call asks: the last thing that the user said, or the whole input of a call without turns."""
    messages = data.get("messages")
    if isinstance(messages, list):
        said = [message for message in messages if role(message) == "user"]
        return said[-1].get("content") if said else None
    return [data.get("prompt"), data.get("input"), data.get("query"), data.get("instructions")]


class Rules(CustomGuardrail):
    def should_run_guardrail(self, data, event_type):
        """Always: a caller's metadata can turn other guardrails off."""
        return self._event_hook_is_event_type(event_type)

    def block(self, data, answer=None):
        if REFUSES:
            raise HTTPException(status_code=400, detail={"error": {"message": MESSAGE, "code": "guardrail"}})
        self.raise_passthrough_exception(violation_message=MESSAGE, request_data=data, original_response=answer)

    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        if "output" in APPLY and data.get("stream") and not is_chat(data):
            # What cannot be held back must not be let out.
            message = "streams of this API are not filtered here: ask without stream, or use chat completions"
            raise HTTPException(status_code=400, detail={"error": {"message": message, "code": "guardrail"}})
        if "input" not in APPLY:
            return data
        if isinstance(data.get("messages"), list):
            data["messages"] = sanitised(data["messages"])
        if breaks(asked(data)):
            self.block(data)
        return data

    async def async_post_call_success_hook(self, data, user_api_key_dict, response):
        if "output" in APPLY and breaks(answered(response)):
            self.block(data, response)
        return response

    async def async_post_call_streaming_iterator_hook(self, user_api_key_dict, response, request_data):
        if "output" not in APPLY:
            async for chunk in response:
                yield chunk
            return
        text = {}
        waiting = []
        spoken = None
        async for chunk in response:
            spoken = chunk if getattr(chunk, "choices", None) else spoken
            for place, piece in pieces(chunk):
                text[place] = text.get(place, "") + piece
            if any(broken(one, ended=False) for one in text.values()):
                yield last_word(spoken)
                return
            waiting.append((chunk, {place: len(text[place]) for place, _ in pieces(chunk)}))
            while waiting and all(end <= len(text[place]) - WINDOW for place, end in waiting[0][1].items()):
                yield waiting.pop(0)[0]
        if any(broken(one) for one in text.values()):
            yield last_word(spoken)
            return
        for chunk, _ in waiting:
            yield chunk


def is_chat(data):
    """Chat completions: the one API whose streams are known here."""
    return isinstance(data.get("messages"), list) and not route(data).endswith("/messages")


def route(data):
    request = data.get("proxy_server_request")
    return str(request.get("url", "")).split("?")[0] if isinstance(request, dict) else ""


def answered(response):
    """Every text of an answer, of whichever API."""
    value = response.model_dump() if hasattr(response, "model_dump") else response
    if not isinstance(value, dict):
        return []
    choices = value.get("choices")
    if isinstance(choices, list):
        messages = [choice.get("message") or choice for choice in choices if isinstance(choice, dict)]
        return [message.get(field) for message in messages for field in (*FIELDS, "text")]
    return [value.get("content"), value.get("output")]


def pieces(chunk):
    """What a piece of a stream adds to the texts of each choice."""
    for choice in getattr(chunk, "choices", None) or []:
        for field in FIELDS:
            piece = getattr(choice.delta, field, None)
            if isinstance(piece, str) and piece:
                yield (choice.index, field), piece


def last_word(chunk):
    """Ends a stream with the message in the place of what was held back."""
    end = chunk.model_copy(deep=True)
    end.choices = end.choices[:1]
    for choice in end.choices:
        choice.finish_reason = "stop"
        choice.delta.content = MESSAGE
        for field in ("reasoning_content", "tool_calls"):
            if getattr(choice.delta, field, None) is not None:
                setattr(choice.delta, field, None)
    return end
