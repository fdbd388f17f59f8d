"""SLOs of other tools converted to OpenSLO v1: Sloth, Pyrra, slo-generator, Keptn.

There is one module per format; what OpenSLO cannot express is reported by field and line.
"""

from slo.importers.drafts import SLODraft
from slo.importers.keptn import read_keptn
from slo.importers.openslo_writer import format_openslo, prepare_drafts
from slo.importers.pyrra import read_pyrra
from slo.importers.slo_generator import read_slo_generator
from slo.importers.sloth import read_sloth

__all__ = [
    "SLODraft",
    "format_openslo",
    "prepare_drafts",
    "read_keptn",
    "read_pyrra",
    "read_slo_generator",
    "read_sloth",
]
