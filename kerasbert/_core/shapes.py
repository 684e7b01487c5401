"""The shape of a tensor as Keras tells it: None where a size is open."""

Shape = tuple[int | None, ...]


def width_of(shape: Shape) -> int:
    """The last size of a shape, which a layer with weights must know."""
    width = shape[-1]
    assert width is not None
    return width
