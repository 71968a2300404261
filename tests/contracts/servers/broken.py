"""All servers that break one clause each, and what must see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from contract_servers.broken_answers import ANSWERS
from contract_servers.broken_cluster import CLUSTER
from contract_servers.broken_connections import BROKEN as CONNECTIONS
from contract_servers.broken_manners import MANNERS
from contract_servers.broken_parameters import PARAMETERS
from contract_servers.broken_refusals import REFUSALS
from contract_servers.broken_tasks import TASKS

if TYPE_CHECKING:
    from contract_servers.breaking import Broken

BROKEN: Final[tuple[Broken, ...]] = (*ANSWERS, *CONNECTIONS, *TASKS, *PARAMETERS, *REFUSALS, *CLUSTER, *MANNERS)
