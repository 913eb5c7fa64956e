"""The errors vectord raises: one class for each thing a caller would do differently.

Every class derives from :class:`VectordError` and, where Python has a word for it, from the builtin as
well: ``except KeyError`` catches a missing index. The Rust side raises them; nothing here is raised by hand.
"""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = [
    "AlreadyExistsError",
    "ConflictError",
    "CorruptError",
    "InternalError",
    "InvalidArgumentError",
    "NotFoundError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnsupportedError",
    "VectordError",
]


class VectordError(Exception):
    """Any failure of vectord.

    Attributes
    ----------
    code : str
        The stable name of the kind, the same as ``code`` in an HTTP error body.
    item : int or None
        The position, from 0, of the row of the batch that is at fault.
    outcome : {"known", "unknown"}
        Whether a failed write is known to have done nothing. After "unknown" it may have been written:
        adding the same rows again is safe, because an add is an upsert.
    request_id : str or None
        Under which the log of a service has the request that it refused; None in process.

    """

    code: ClassVar[str] = "internal"
    item: int | None
    outcome: Literal["known", "unknown"]
    request_id: str | None

    def __init__(
        self,
        message: str,
        *,
        item: int | None = None,
        outcome: Literal["known", "unknown"] = "known",
        request_id: str | None = None,
    ) -> None:
        """Keep the sentence, and the row, the outcome and the request where they apply."""
        super().__init__(message)
        self.item = item
        self.outcome = outcome
        self.request_id = request_id

    def __str__(self) -> str:
        """Return the sentence as it is; ``KeyError`` would put quotes around it."""
        return str(self.args[0])


class InvalidArgumentError(VectordError, ValueError):
    """The call is wrong: correct it."""

    code = "invalid_argument"


class NotFoundError(VectordError, KeyError):
    """There is no such index or row: create it, or correct the name."""

    code = "not_found"


class AlreadyExistsError(VectordError):
    """The name is taken: open it, or choose another."""

    code = "already_exists"


class ConflictError(VectordError):
    """Others write all the time, and this found no gap: retry."""

    code = "conflict"


class UnauthenticatedError(VectordError):
    """The service wants a key: send one."""

    code = "unauthenticated"


class PermissionDeniedError(VectordError, PermissionError):
    """This key, or this user, may not do that."""

    code = "permission_denied"


class ResourceExhaustedError(VectordError):
    """Too much at once, or a full disk: send less, or later."""

    code = "resource_exhausted"


class UnavailableError(VectordError, OSError):
    """The store or the service did not answer: retry later, and look at ``outcome``."""

    code = "unavailable"


class CorruptError(VectordError):
    """Stored bytes are damaged: restore or repair them. The message names the object."""

    code = "corrupt"


class UnsupportedError(VectordError, NotImplementedError):
    """This build, or this store, cannot do it."""

    code = "unsupported"


class InternalError(VectordError):
    """A bug in vectord: please report it."""

    code = "internal"
