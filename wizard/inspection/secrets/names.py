"""Which variables hold a secret: by their name and by what they are set to.

A narrower question than what is masked: a word too many behind a mask costs nothing, a proposal about `MAX_TOKENS`
costs trust. Source of the words: BuildKit's check SecretsUsedInArgOrEnv, without those that mean something else too
(`auth`, `key`), and held to the end of the name.
"""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r"(?:token|secret|passwd|password|passphrase|secret_?key|secret_key_base|api_?key|access_?key(?:_id)?|private_?key|"
    r"ssh_key|deploy_key|encryption_key|signing_key|license_key|credentials?|_pwd|_pass|_pat|npm_auth)\Z",
    re.IGNORECASE,
)
_PUBLIC: Final = re.compile(
    r"(?:^|_)(?:public|publishable)(?:_|$)|^(?:VITE|REACT_APP|NUXT_PUBLIC|GATSBY|OLDPWD|PWD)(?:_|$)|"
    r"(?:^|_)(?:max|min|num|eos|bos|pad|unk|sep|cls|mask|stop|csrf|use|enable|disable|has|require)_\w+\Z",
    re.IGNORECASE,
)
"""Names of what a client is given, of counts, of the tokens of a language model, and of switches."""
_NO_VALUE: Final = re.compile(
    r"""(?:|true|false|yes|no|on|off|none|null|nil|undefined|unset|n/?a|todo|x{3,}|\*+|\.{3}|<.*>|\{\{.*|-+
    |(?:dummy|fake|placeholder|not[-_ ]?(?:a[-_ ])?(?:real|used|needed|set|secret)|build[-_]?(?:only|time)).*
    |(?:your|insert|replace|put|some|my)[-_ ].*
    |\.{0,2}/.*)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
"""What stands in for a secret, says that there is none, or is the path of a file that holds it."""


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name usually holds a secret."""
    return _SECRET.search(name) is not None and _PUBLIC.search(name) is None


def is_secret_value(name: str, value: str) -> bool:
    """Whether a variable with a secret's name is set to one, written out; quotes around the value are taken off."""
    bare = value.strip().strip("\"'")
    counts = bare.isdigit() and "pass" not in name.lower() and "pwd" not in name.lower()
    return "$" not in bare and not counts and _NO_VALUE.match(bare) is None
