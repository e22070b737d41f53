"""Draws Grafana boards without Grafana: a board's JSON and a Prometheus in, one picture out.

Where Grafana cannot be had, this says whether every query of a board returns data and what the board looks like.
"""
