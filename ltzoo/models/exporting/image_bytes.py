"""Another name of `ltzoo.export_formats.image_bytes`, where this module was before."""

from ltzoo.export_formats.image_bytes import read_images as read_images
