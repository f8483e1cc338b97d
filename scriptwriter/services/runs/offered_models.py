"""Owns whether a brief's model can still be asked: the operator may have taken it off the list."""

from scriptwriter.domain.errors import GenerationError
from scriptwriter.settings import ModelOption, settings


def offered(name: str) -> ModelOption:
    """The model of that name ("": the default one).

    Raises GenerationError `model_withdrawn` (model), which waiting does not mend.
    """
    option = settings().model(name)
    if option is None:
        raise GenerationError("model_withdrawn", model=name)
    return option
