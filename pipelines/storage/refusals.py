"""What a store's errors mean to people: the codes of the S3 protocol, and stores that do not answer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipelines.errors import UNHARMED, LakeError, StoreError
from pipelines.storage.store import Store, s3_access


@dataclass(frozen=True)
class _Refusal:
    """What a store's error codes mean, and what to do; `exit_code` as in LakeError."""

    codes: tuple[str, ...]
    what: str
    todo: str
    exit_code: int = 2


# Where only a file's head was asked for, a refusal comes without a word: by it alone the cause is not known.
WORDLESS = ("403 Forbidden", "Status Code: 403")
REFUSALS = (
    _Refusal(
        ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"),
        "the credentials have expired",
        "get new ones, set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and run again",
    ),
    _Refusal(
        ("RequestTimeTooSkewed",),
        "this machine's clock and the store's differ by more than the store accepts (usually 15 minutes)",
        "set the clock of the wrong one (`timedatectl status`; NTP on both), and run again",
        exit_code=3,
    ),
    _Refusal(
        ("SignatureDoesNotMatch", "InvalidAccessKeyId", "XAdminUserNotFound", "InvalidToken", "InvalidSecurity"),
        "the store does not accept the credentials: they are wrong, or were replaced since this process started",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN only with temporary ones), and run again",
    ),
    _Refusal(
        ("NoSuchBucket",),
        "there is no such bucket",
        "create it, or correct HUILIU_LAKE and AWS_ENDPOINT_URL",
    ),
    _Refusal(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
        "the bucket belongs to another region",
        "set AWS_REGION to the bucket's, and AWS_ENDPOINT_URL to that region's",
    ),
    _Refusal(
        ("AccessDenied", "AllAccessDisabled", *WORDLESS),
        "the account may not do this there",
        "grant it s3:ListBucket on the bucket and s3:GetObject, s3:PutObject, s3:DeleteObject below the lake's prefix, "
        "or set the credentials of one that may",
    ),
    _Refusal(
        ("SlowDown", "ServiceUnavailable", "InternalError", "503 Service Unavailable", "500 Internal Server Error"),
        "the store is overloaded or out of order, and stayed so through several tries",
        "wait until it is well, and run again",
        exit_code=3,
    ),
)
UNREACHABLE = (
    "error sending request",
    "Could not connect",
    "Connection refused",
    "ConnectException",
    "UnknownHostException",
    "dns error",
    "timed out",
    "operation timed out",
    "SdkClientException",
    "Connection reset",
)


@contextmanager
def explaining(store: Store) -> Iterator[None]:
    """Errors of the store inside come out as StoreError; whatever else goes wrong passes unchanged."""
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        failure = store_error(error, store)
        if failure is None or "HUILIU_DEBUG" in os.environ:
            raise
        # Not chained: the store's own text names the key and quotes the signature.
        raise failure from None


def store_error(error: BaseException, store: Store) -> StoreError | None:
    """What an error says about a lake on S3; None where it is about something else.

    Every library words a refusal in its own way, but all of them pass on the store's code.
    """
    if not store.is_s3:
        return None
    text = "\n".join(_texts(error))
    if not _is_about(text, store):
        return None
    found = _refusal(text)
    if found and found[1] in WORDLESS:
        found = _refusal(_answer(store)) or found
    if found:
        refusal, code = found
        return _failure(store, f"{refusal.what} ({code})", refusal.todo, refusal.exit_code)
    if any(word in text for word in UNREACHABLE):
        what = "the store cannot be reached"
        return _failure(store, what, "see that it runs and that AWS_ENDPOINT_URL is its address, and run again", 3)
    return None


def _refusal(text: str) -> tuple[_Refusal, str] | None:
    """What a text says that the store refused, and by which code."""
    found = ((refusal, code) for refusal in REFUSALS for code in refusal.codes if re.search(rf"\b{code}\b", text))
    return next(found, None)


def _answer(store: Store) -> str:
    """What the store says, with words, to the same credentials when it is asked what lies there."""
    import obstore

    try:
        next(iter(obstore.list(store.objects, chunk_size=1)), None)
    except Exception as error:
        return str(error)
    return ""


def _texts(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield f"{type(error).__name__}: {error}"
        error = error.__cause__ or error.__context__


def _is_about(text: str, store: Store) -> bool:
    """Whether the text names the lake's store: another server's refusal must not be taken for it."""
    marks = (s3_access().endpoint or "amazonaws.com", f"s3://{store.bucket}", f"s3a://{store.bucket}")
    return any(mark in text for mark in (*marks, "Generic S3 error", "Service: S3"))


def _failure(store: Store, what: str, todo: str, exit_code: int) -> StoreError:
    place = s3_access().url or "Amazon S3"
    return StoreError(f"{store} at {place}: {what}", todo, exit_code, UNHARMED)
