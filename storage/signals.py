"""Signals to the apps above storage, which storage does not import."""

from django.dispatch import Signal

# Sent in the transaction that makes files due. The receiver starts their downloads after it.
files_due = Signal()
# Sent in the transaction that ends the pauses of files.
pauses_ended = Signal()
