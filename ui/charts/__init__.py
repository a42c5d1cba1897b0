"""DataFrames and arrays in, plotly figures out. Knows neither streamlit nor files.

Figures are built in the light colours; ``ui.plot`` swaps them for the dark ones in the browser.
"""

from ui.charts.bars import accuracies, probability_bars, rates_with_intervals
from ui.charts.classes import class_distribution, counts_by_split, simulated_epoch
from ui.charts.components import class_means, cluster_matrix, scree
from ui.charts.layout import SPLIT_NAMES, base_layout
from ui.charts.lines import feature_lines, loss_curve, smoothed, thin
from ui.charts.maps import embedding_scatter, value_scatter
from ui.charts.matrix import confusion_matrix, matrix_difference

__all__ = [
    "SPLIT_NAMES",
    "accuracies",
    "base_layout",
    "class_distribution",
    "class_means",
    "cluster_matrix",
    "confusion_matrix",
    "counts_by_split",
    "embedding_scatter",
    "feature_lines",
    "loss_curve",
    "matrix_difference",
    "probability_bars",
    "rates_with_intervals",
    "scree",
    "simulated_epoch",
    "smoothed",
    "thin",
    "value_scatter",
]
