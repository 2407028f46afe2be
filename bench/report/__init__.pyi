from .answers import answer_blocks as answer_blocks
from .dataset_pictures import DatasetCurves as DatasetCurves
from .dataset_pictures import draw_dataset as draw_dataset
from .figure_files import FigureFolder as FigureFolder
from .tables import mean_std as mean_std
from .tables import online_note as online_note
from .tables import score_rows as score_rows
from .write import write_report as write_report
