"""What PostgreSQL and its drivers say when something goes wrong, told to people without address, user or values."""

from __future__ import annotations

from pipelines.errors import HuiliuError

Meaning = tuple[tuple[str, ...], str, str]


class PostgresFailure(HuiliuError):  # noqa: N818  what the server did, not what we did wrong
    """The database cannot be read. No part holds its address or credentials."""

    kind = "postgres"


# The words of libpq and of the JDBC driver; the server's own may be Chinese.
REFUSED: tuple[Meaning, ...] = (
    (
        ("password authentication failed", "no password supplied", "authentication failed", "认证失败"),
        "the server does not accept the user or the password",
        "correct them in {variable} (in a password % : / @ # are written %25 %3A %2F %40 %23)",
    ),
    (
        ("pg_hba.conf",),
        "the server does not let this machine, user or database in",
        "ask the agency to allow it in pg_hba.conf; where it demands TLS, end {variable} in ?sslmode=require",
    ),
    (
        ("permission denied for database", "数据库权限不够", "User does not have CONNECT privilege"),
        "the role may not connect to the database",
        "ask the agency for GRANT CONNECT ON DATABASE to the role in {variable}",
    ),
    (
        ("does not exist", "不存在"),
        "the server has no such database or role",
        "correct the database and the user in {variable}",
    ),
)
BUSY: tuple[Meaning, ...] = (
    (
        ("too many connections", "remaining connection slots", "too many clients"),
        "the server has no free connection",
        "run again, lower `readers` in the contract's `table`, or ask the agency for more connections",
    ),
    (
        ("starting up", "shutting down", "in recovery mode"),
        "the server is just starting or stopping",
        "run again once it is up; nothing of this reading was kept",
    ),
    (
        ("statement timeout", "语句超时"),
        "the server ended a query that ran into its time limit",
        "ask the agency to raise statement_timeout for the role, and for an index on the watermark column",
    ),
    (
        ("conflict with recovery",),
        "the server is a replica that had to remove rows which were being read",
        "run again; where it happens often, ask the agency for hot_standby_feedback = on",
    ),
    (
        ("permission denied", "权限不够"),
        "the role may not read all that the table or view stands on",
        "ask the agency for SELECT on it, and for EXECUTE on the functions that a view calls",
    ),
)
BROKEN_WORDS = (
    "server closed the connection", "terminating connection", "connection to the server was lost", "SSL SYSCALL",
    "could not receive data", "could not send data", "no connection to the server", "I/O error occurred",
    "connection has been closed", "invalid snapshot identifier", "Connection refused", "connection attempt failed",
    "EOFException", "Connection reset", "timeout expired", "EOF detected", "SocketTimeoutException", "Broken pipe",
    "终止",
)  # fmt: skip
BROKEN = (
    "the server ended the connection in the middle of the reading (it was restarted, or the network broke)",
    "run again once the server is up; nothing of this reading was kept",
)
UNREACHABLE = (
    "the server cannot be reached",
    "see that it runs, that host and port in {variable} are right, and that firewalls let this machine through",
)
OTHERWISE = (
    "the server answered a query with an error",
    "read the server's log of this moment (application_name is huiliu); nothing of this reading was kept",
)


def failure_of(text: str, variable: str, *, connecting: bool = False) -> PostgresFailure:
    """What the text of an error means; `variable` is the environment variable of the connection."""
    for words, what, todo in (*(REFUSED if connecting else ()), *BUSY):
        if any(word in text for word in words):
            return PostgresFailure(what, todo.format(variable=variable))
    if connecting:
        what, todo = UNREACHABLE
    else:
        what, todo = BROKEN if any(word in text for word in BROKEN_WORDS) else OTHERWISE
    return PostgresFailure(what, todo.format(variable=variable))
