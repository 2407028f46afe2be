"""The chapters of a report: functions from its data to blocks, with their figures."""
