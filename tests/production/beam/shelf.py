"""A store of Beam's kind for tests: addresses `shelf://name` stand for files in a folder."""

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

PREFIX = "shelf://"


class Shelf(LocalFileSystem):
    root = ""

    @classmethod
    def scheme(cls):
        return "shelf"

    def open(self, path, *arguments, **options):
        return super().open(self._local(path), *arguments, **options)

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def _list(self, dir_or_prefix):
        for file in super()._list(self._local(dir_or_prefix)):
            yield FileMetadata(file.path.replace(self.root, PREFIX, 1), file.size_in_bytes)

    def exists(self, path):
        return super().exists(self._local(path))

    def _local(self, path):
        return self.root + path.removeprefix(PREFIX) if path.startswith(PREFIX) else path
