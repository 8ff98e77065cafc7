"""What the process imports that `dying` forks from: all that a worker needs, and what is loaded with the first document, by one drain."""

import faults_inbox

import serving.delivery
import serving.model_command
import serving.rulings  # noqa: F401

faults_inbox.undisturbed()
