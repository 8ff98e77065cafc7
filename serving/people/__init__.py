"""People and keys: who comes in, as whom, and how he goes out again.

In: what a request brings (an Authorization header or a cookie). Out: `Who`. Routes of the API name the role they need through
`serving.api.viewer`; the console and whatever is mounted beside the API call `who_is`, `log_in` and `log_out` here.
What a role may see is decided by `nlp.mask`, what was done is written down by `serving.audit`.
"""

from serving.people.logins import COOKIE, LoggedIn, cookie_header, log_in, log_out
from serving.people.who import NOBODY, RANKS, SCOPES, Who, who_is

__all__ = ["COOKIE", "NOBODY", "RANKS", "SCOPES", "LoggedIn", "Who", "cookie_header", "log_in", "log_out", "who_is"]
