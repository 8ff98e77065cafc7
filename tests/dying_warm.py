"""What the process imports that `dying` forks from: all that a worker needs, and what is loaded with the first document, by one drain."""

import warnings

import faults_inbox

import serving.delivery
import serving.model_command
import serving.rulings  # noqa: F401

faults_inbox.undisturbed()
# The program that runs is imported here and executed again in the fork, which is meant.
warnings.filterwarnings("ignore", message=".*found in sys.modules after import of package", category=RuntimeWarning)
