"""A scripted stand-in for the model whose confidence is known: every answer has the log-probability that is set."""

import math

from nl2sql_tui.engine.events import PACKAGED
from tests.fake_engine import Reply, ScriptedEngine


class CalibratedEngine(ScriptedEngine):
    """Passes for the default model with its own adapter."""

    def __init__(self, *replies: Reply, probability: float = 0.9) -> None:
        super().__init__(replies)
        self.adapter = PACKAGED
        self.log_probability = math.log(probability)

    @property
    def name(self) -> str:
        return "default"
