"""From a trained torch network to the file that is deployed, checked against the network it came from."""

from workers.export.onnx_export import ExportFacts, ExportMismatchError, ExportReport, export_onnx

__all__ = ["ExportFacts", "ExportMismatchError", "ExportReport", "export_onnx"]
