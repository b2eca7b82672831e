"""The words that a field can be, where it can be one of a few."""

from __future__ import annotations

from typing import Literal

Status = Literal["planned", "in_progress", "blocked", "completed", "cancelled"]
TaskStatus = Literal["planned", "in_progress", "completed"]
Priority = Literal["low", "medium", "high", "critical"]
DependencyType = Literal["blocks", "relates"]

OPEN_STATUSES: tuple[Status, ...] = ("planned", "in_progress", "blocked")
CLOSED_STATUSES: tuple[Status, ...] = ("completed", "cancelled")
STATUSES: tuple[Status, ...] = OPEN_STATUSES + CLOSED_STATUSES
TASK_STATUSES: tuple[TaskStatus, ...] = ("planned", "in_progress", "completed")
PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high", "critical")
DEPENDENCY_TYPES: tuple[DependencyType, ...] = ("blocks", "relates")
