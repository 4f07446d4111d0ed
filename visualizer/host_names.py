"""By what names a page may be called, and whether others can reach it."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_local(host: str) -> bool:
    """Whether a page that listens there can be reached from this machine only."""
    return host.strip("[]").lower() in _LOCAL_NAMES


@dataclass(frozen=True)
class HostNames:
    """By what a page may be called: lower case, without port. A name from elsewhere could be another site's, made to
    point here. addresses: by any literal address, too, which nobody can make point elsewhere."""

    names: frozenset[str]
    addresses: bool = False

    @classmethod
    def of(cls, host: str) -> HostNames:
        """For a page that listens on this address or name."""
        if is_local(host):
            return cls(_LOCAL_NAMES)
        own = socket.gethostname().lower()
        return cls(_LOCAL_NAMES | {host.lower(), own, f"{own.split('.')[0]}.local"}, addresses=True)

    def include(self, header: str) -> bool:
        """Whether a Host header has one of them."""
        try:
            host = urlsplit(f"//{header}").hostname or ""
            return host in self.names or (self.addresses and bool(ipaddress.ip_address(host)))
        except ValueError:
            return False
