"""Export classifiers to serving formats, and run the result to prove that it computes the same."""

from ltzoo.export_formats import FORMATS as FORMATS
from ltzoo.models.exporting.export import export_model as export_model
from ltzoo.models.exporting.runtimes import served_outputs as served_outputs
