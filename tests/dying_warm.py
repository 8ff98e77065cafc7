"""What the process imports that `dying` forks from: all that a worker needs, the segmenter's dictionary included."""

import faults_inbox  # noqa: F401

import serving.delivery
import serving.migrations.run
import serving.model_command
import serving.reports
import serving.rulings
import serving.worker  # noqa: F401
from nlp.segment import tokens

tokens("兼职刷单")
