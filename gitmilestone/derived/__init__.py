"""Disposable state, derived from a tree."""
