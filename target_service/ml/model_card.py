"""The model card: data that the training writes next to the model and that serving reads."""

import reprlib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

ARTEFACT_FOLDER = Path(__file__).parent / "artefacts"
MODEL_FILE = "model.json"
CARD_FILE = "card.json"
TRAIN_COMMAND = "python -m target_service.train"
_BINS_ERROR = "number_of_bins"

ClassName = Literal["malignant", "benign"]


class ModelError(RuntimeError):
    """The model's files are missing, invalid or inconsistent; the text names file, field and value."""


class ReferenceDistribution(BaseModel):
    """Distribution of one quantity over the training rows.

    ``edges`` are the inner bin edges (deciles, without duplicates), ``shares`` the ratio of rows in each of
    the ``len(edges) + 1`` bins; a value equal to an edge belongs to the bin above it.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    edges: tuple[float, ...]
    shares: tuple[Annotated[float, Field(gt=0, le=1)], ...]

    @model_validator(mode="after")
    def _check_number_of_bins(self) -> Self:
        if len(self.shares) != len(self.edges) + 1:
            raise PydanticCustomError(
                _BINS_ERROR,
                "{edges} edges need {needed} shares, got {shares}",
                {"edges": len(self.edges), "needed": len(self.edges) + 1, "shares": len(self.shares)},
            )
        return self


class Feature(BaseModel):
    """One input column: its name and its training distribution."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    name: str
    mean: float
    std: float
    reference: ReferenceDistribution


class ModelCard(BaseModel):
    """Description of the model, without its weights.

    ``classes`` are in the order of the model's output columns; ``metrics`` were measured on held-out
    rows; ``prediction`` is the distribution of the first class's probability.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

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


def read_card(path: Path) -> ModelCard:
    """Read a model card.

    Raises:
        ModelError: the card is invalid.
        OSError: the file can't be read.
    """
    try:
        return ModelCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        details = error.errors(include_url=False)
        number = f" (problem 1 of {len(details)})" if len(details) > 1 else ""
        raise ModelError(
            f"{path}: {_describe_error(details[0])}{number}; rebuild it: {TRAIN_COMMAND}"
        ) from None


def _describe_error(detail: ErrorDetails) -> str:
    """Return field, value and what is expected: ``features[0].std: 'a': should be a valid number``."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).strip(".")
    # The input of these errors is the whole document or object; their messages name the value.
    value = (
        "" if detail["type"] in {"json_invalid", "missing", _BINS_ERROR} else reprlib.repr(detail["input"])
    )
    message = "missing" if detail["type"] == "missing" else detail["msg"].removeprefix("Input ")
    return ": ".join(part for part in (place, value, message) if part)
