"""Whether the texts of a figure can be read, as it is drawn."""

from figure_boxes import drawn_texts, prepared, problems_in


def assert_readable(shown):
    """No text overlaps another or a marker, or leaves the figure; return the texts.

    `shown` is a figure or axes of one.
    """
    figure = prepared(shown)
    texts = drawn_texts(figure)
    assert texts
    assert problems_in(figure, texts) == []
    return [text for text, _ in texts]
