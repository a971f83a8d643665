"""Judging a shop's written texts in bulk: read them, fill them, and tell what the gate found in several formats.

``compliance`` judges one text and stays pure; what goes around that for files, reports and CI stands here.
"""
