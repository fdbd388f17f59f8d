"""The model card: data that the training writes next to the model and that serving reads."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

ARTEFACT_FOLDER = Path(__file__).parent / "artefacts"
MODEL_FILE = "model.json"
CARD_FILE = "card.json"

ClassName = Literal["malignant", "benign"]


class ReferenceDistribution(BaseModel):
    """Distribution of one quantity over the training rows.

    ``edges`` are the inner bin edges (deciles, without duplicates), ``shares`` the ratio of rows in each of
    the ``len(edges) + 1`` bins; a value equal to an edge belongs to the bin above it.
    """

    model_config = ConfigDict(frozen=True)

    edges: tuple[float, ...]
    shares: tuple[float, ...]


class Feature(BaseModel):
    """One input column: its name and its training distribution."""

    model_config = ConfigDict(frozen=True)

    name: str
    mean: float
    std: float
    reference: ReferenceDistribution


class ModelCard(BaseModel):
    """Description of the model, without its weights.

    ``classes`` are in the order of the model's output columns; ``metrics`` were measured on held-out
    rows; ``prediction`` is the distribution of the first class's probability.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    algorithm: str
    model_sha256: str
    classes: tuple[ClassName, ...]
    features: tuple[Feature, ...]
    metrics: dict[str, float]
    training: dict[str, str | int | float]
    libraries: dict[str, str]
    prediction: ReferenceDistribution

    @property
    def version(self) -> str:
        """The model's version: the first 12 digits of its file's SHA-256."""
        return self.model_sha256[:12]
