"""Dense derivatives in the structures of outputs and inputs: a block for each pair of their leaves."""

from __future__ import annotations

from typing import Any

from autograd.transforms.trees import Structure, as_array

__all__ = ["blocks"]


def blocks(outputs: Structure, inputs: Structure, vectors: list[Any], by_column: bool = False) -> Any:
    """The matrix of derivatives in the structure of the outputs, with that of the inputs in place of each number.

    `vectors` are its rows, or its columns.
    """
    matrix = DenseMatrix(outputs.size, inputs.size, vectors, by_column)

    def of_output(row: int, output: Structure) -> Any:
        if not output.is_array:
            return inputs.build(matrix.row(row))
        return inputs.map_pieces(lambda column, piece: matrix.block(row, output, column, piece))

    return outputs.map_pieces(of_output)


class DenseMatrix:
    """A matrix of numbers and nodes, given by its rows or its columns."""

    def __init__(self, height: int, width: int, vectors: list[Any], by_column: bool) -> None:
        self.height = height
        self.width = width
        self.vectors = vectors
        self.by_column = by_column
        self.array: Any = None

    def row(self, row: int) -> Any:
        """The derivatives of one number of the output."""
        return [vector[row] for vector in self.vectors] if self.by_column else self.vectors[row]

    def block(self, row: int, output: Structure, column: int, piece: Structure) -> Any:
        """The derivatives of an array of the output in one piece of the input: an array."""
        if self.array is None:
            given = as_array([entry for vector in self.vectors for entry in vector])
            height, width = self.height, self.width
            self.array = given.reshape(width, height).T if self.by_column else given.reshape(height, width)
        part = self.array[row : row + output.size, column : column + piece.size]
        return part.reshape((*(output.shape or ()), *(piece.shape or ()))).copy()
