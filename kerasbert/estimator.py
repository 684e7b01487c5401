"""What scikit-learn asks of every estimator, without importing scikit-learn."""

import inspect
from typing import Any, Self

from kerasbert._core.checks import check_choice
from kerasbert._core.errors import NotFittedError


class Estimator:
    """Constructor arguments as parameters, tags, and a text form; the base of `TextClassifier`.

    A subclass stores its constructor's arguments unchanged under their own names, and `fit` sets attributes that end
    with an underscore, `model_` among them.

    Reference:
        scikit-learn, "Developing scikit-learn estimators".
    """

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Names of the constructor's arguments."""
        return tuple(inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The constructor's arguments, as scikit-learn asks for them.

        Args:
            deep: makes no difference, as no argument is an estimator.
        """
        return {name: getattr(self, name) for name in self.parameter_names()}

    def set_params(self, **parameters: Any) -> Self:
        """Change constructor arguments, as scikit-learn does.

        Raises:
            ConfigError: when there is no such argument; nothing is changed then.
        """
        for name in parameters:
            check_choice("parameter", name, self.parameter_names())
        for name, value in parameters.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = [
            f"{name}={value!r}" for name, value in self.get_params().items() if value is not defaults[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True, multi_output=True),
            classifier_tags=ClassifierTags(multi_label=True),
            input_tags=InputTags(one_d_array=True, two_d_array=False, string=True),
            non_deterministic=False,
            requires_fit=True,
        )

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(
                f"This {type(self).__name__} is not trained yet; call `fit` first, or `kerasbert.load(folder)`."
            )
