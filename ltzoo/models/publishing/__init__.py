"""Publish a trained classifier as a zoo entry, and push the entry to a hub."""

from ltzoo.models.publishing.entry import publish as publish
from ltzoo.models.publishing.push import push as push
