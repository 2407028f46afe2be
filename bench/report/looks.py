"""The colours and markers of a report's classifiers, the same in all its figures."""

from collections.abc import Mapping

from bench.analysis import ReportData
from bench.figures import ClassifierStyle, classifier_styles


def looks_of(data: ReportData) -> Mapping[str, ClassifierStyle]:
    """Return the style of every classifier of a report; six at most have a colour."""
    names = [facts.id for facts in data.classifiers]
    return classifier_styles(names, highlighted=data.highlighted)
