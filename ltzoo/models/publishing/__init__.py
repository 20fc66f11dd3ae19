"""From a trained classifier to a zoo entry's files, and from there to a hub."""

from ltzoo.models.publishing.entry import publish as publish
from ltzoo.models.publishing.push import push as push
