//! Every rule about arrays: which are taken as vectors, how they become float32, and what is handed out.
//!
//! The rule: an argument is what `np.asarray` makes of it. Its dtype must be a real number (float, signed or
//! unsigned integer, bool), and each value is rounded to the nearest float32. Complex, str, datetime and
//! object arrays are refused, as are masked values. float32 in C order is copied as it stands; any other
//! dtype, byte order or stride, and rows given one by one, are converted a piece at a time.
//!
//! Nothing here keeps a view of the caller's memory: it is read only while the interpreter is held.

use std::ops::Range;

use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyList, PyTuple};

use super::column::{Column, is_set, span, tuple};
use super::metadata::is_frame;
use super::shape::{
    Name, beyond_f32, changed, holds_scalars, mismatch, no_query, not_real, not_two_dimensional,
};
use crate::error::Error;

/// Values converted while the interpreter is held once: a fraction of a millisecond for arrays.
const ARRAY_VALUES: usize = 1 << 19;
/// The same for rows that are Python lists, which cost far more a value.
const LIST_VALUES: usize = 1 << 15;

/// The rows of a matrix that stays with the caller.
pub(super) enum Matrix {
    /// float32 in C order.
    Plain(Py<PyArray2<f32>>),
    /// Real numbers of any dtype and strides.
    Array(Py<PyUntypedArray>),
    /// A sequence of rows.
    Rows(Py<PyAny>),
}

/// A matrix, and its number of rows of `dimension` values each.
pub(super) struct Vectors {
    name: Name,
    matrix: Matrix,
    len: usize,
    dimension: usize,
}

/// What to search for.
pub(super) enum Query {
    /// One vector.
    One(Vec<f32>),
    /// The rows of a matrix.
    Many(Vectors),
}

impl Vectors {
    /// The rows given as the argument `name`, each of `dimension` values.
    pub(super) fn new(given: &Bound<'_, PyAny>, name: Name, dimension: usize) -> PyResult<Self> {
        let check_width = |width: usize| {
            let fits = width == dimension;
            if fits { Ok(()) } else { Err(name.fault(given.py(), mismatch(width, dimension), 0)) }
        };
        if let Ok(array) = given.cast_exact::<PyArray2<f32>>()
            && array.is_c_contiguous()
        {
            let (len, width) = (array.shape()[0], array.shape()[1]);
            check_width(width)?;
            return Ok(Self { name, matrix: Matrix::Plain(array.clone().unbind()), len, dimension });
        }
        if rows_one_by_one(given)? {
            let column = Column::new(given, name.as_str())?;
            if column.len() > 0 {
                check_first(&column.slice(0, 1)?.get_item(0)?, name.as_str(), column.len(), dimension)?;
            }
            return Ok(Self {
                name,
                matrix: Matrix::Rows(given.clone().unbind()),
                len: column.len(),
                dimension,
            });
        }
        let array = real_array(given, name.as_str())?;
        match array.shape() {
            &[len, width] => {
                check_width(width)?;
                Ok(Self { name, matrix: Matrix::Array(array.unbind()), len, dimension })
            }
            // np.asarray([]) cannot know how wide its rows would be.
            [0] => Ok(Self { name, matrix: Matrix::Array(array.unbind()), len: 0, dimension }),
            shape => Err(not_two_dimensional(name.as_str(), shape, dimension)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many rows to copy while the interpreter is held once, at least one.
    pub(super) fn piece(&self) -> usize {
        let values = match self.matrix {
            Matrix::Plain(_) | Matrix::Array(_) => ARRAY_VALUES,
            Matrix::Rows(_) => LIST_VALUES,
        };
        (values / self.dimension).max(1)
    }

    /// Copies the rows `range` to `out`, row-major.
    pub(super) fn copy(&self, py: Python<'_>, range: Range<usize>, out: &mut [f32]) -> PyResult<()> {
        let Self { name, matrix, len: _, dimension } = self;
        match matrix {
            Matrix::Plain(array) => {
                let array = array.bind(py);
                let values = range.start * dimension..range.end * dimension;
                let array = array.try_readonly().map_err(|_| changed())?;
                match array.as_slice() {
                    Ok(all) => out.copy_from_slice(all.get(values).ok_or_else(changed)?),
                    // Not aligned for f32: the general way.
                    Err(_) => copy_converted(&slice(array.as_any(), range)?, out)?,
                }
                Ok(())
            }
            Matrix::Array(array) => {
                self.copy_rounded(&slice(array.bind(py).as_any(), range.clone())?, range.start, out)
            }
            Matrix::Rows(rows) => {
                let rows = Column::new(rows.bind(py), name.as_str())?.slice(range.start, range.end)?;
                let fits = |array: &Bound<'_, PyUntypedArray>| array.shape() == [rows.len(), *dimension];
                match real_array(rows.as_any(), name.as_str()) {
                    Ok(array) if fits(&array) => self.copy_rounded(array.as_any(), range.start, out),
                    Ok(_) | Err(_) => Err(row_at_fault(&rows, *name, range.start, *dimension)),
                }
            }
        }
    }

    /// Copies the rows of `array`, which begin at row `first`.
    fn copy_rounded(&self, array: &Bound<'_, PyAny>, first: usize, out: &mut [f32]) -> PyResult<()> {
        copy_converted(array, out)?;
        let fault = beyond_f32(array, out, self.dimension)?;
        fault.map_or(Ok(()), |(row, fault)| Err(self.name.fault(array.py(), fault, first + row)))
    }
}

impl Query {
    /// A query for an index of `dimension`.
    pub(super) fn new(given: &Bound<'_, PyAny>, dimension: usize) -> PyResult<Self> {
        if let Ok(array) = given.cast_exact::<PyArray1<f32>>()
            && let Ok(values) = array.try_readonly().map_err(|_| changed())?.as_slice()
        {
            return Ok(Self::One(values.to_vec()));
        }
        let array = if is_frame(given)? || !rows_one_by_one(given)? {
            real_array(given, "query")?
        } else {
            match real_array(given, "query") {
                Ok(array) if array.ndim() == 1 => array,
                Err(error) if holds_scalars(given) => return Err(error),
                Ok(_) | Err(_) => return Ok(Self::Many(Vectors::new(given, Name::Query, dimension)?)),
            }
        };
        match array.shape() {
            &[len] => {
                let mut values = vec![0.0; len];
                copy_converted(array.as_any(), &mut values)?;
                match beyond_f32(array.as_any(), &values, len)? {
                    Some((_, fault)) => Err(fault.within("query").into()),
                    None => Ok(Self::One(values)),
                }
            }
            [_, _] => Ok(Self::Many(Vectors::new(array.as_any(), Name::Query, dimension)?)),
            shape => Err(no_query(shape, dimension)),
        }
    }
}

/// Lists, tuples, Series and 1-D object arrays: their rows are converted in pieces. (A set is refused then.)
fn rows_one_by_one(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(array) = given.cast::<PyUntypedArray>() {
        return Ok(array.dtype().kind() == b'O' && array.ndim() == 1);
    }
    let series = given.hasattr("iloc")? && !is_frame(given)?;
    let arrow = given.hasattr("to_pylist")?;
    Ok(is_set(given)
        || given.is_instance_of::<PyList>()
        || given.is_instance_of::<PyTuple>()
        || series
        || arrow)
}

/// `np.asarray(given)`, if it holds real numbers.
fn real_array<'py>(given: &Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = given.py();
    let module = py.import("numpy")?;
    // `numpy.ma` is imported by whoever makes masked arrays, not for asking about others: were a thread at that import
    // while another forks, the child would wait for ever for the end of it.
    if given.hasattr("_mask")? && module.getattr("ma")?.call_method1("is_masked", (given,))?.is_truthy()? {
        return Err(Error::invalid(format!("{name} holds masked values: fill them first")).into());
    }
    let array = module.call_method1("asarray", (given,)).map_err(|error| {
        if error.is_instance_of::<pyo3::exceptions::PyException>(py) {
            Error::invalid(format!("{name} is no array of numbers: {}", error.value(py))).into()
        } else {
            error
        }
    })?;
    let array = array.cast_into::<PyUntypedArray>()?;
    match array.dtype().kind() {
        b'f' | b'i' | b'u' | b'b' => Ok(array),
        _ if array.len() == 0 => Ok(array),
        kind => Err(not_real(name, &array.dtype().to_string(), kind == b'O')),
    }
}

/// Rounds an array of real numbers to float32 and copies it to `out`. A value beyond float32 becomes an
/// infinity without numpy's warning: it is refused by name right after.
fn copy_converted(array: &Bound<'_, PyAny>, out: &mut [f32]) -> PyResult<()> {
    let py = array.py();
    let module = py.import("numpy")?;
    let options = [("order", "C"), ("casting", "unsafe")].into_py_dict(py)?;
    let silence = [("all", "ignore")].into_py_dict(py)?;
    let quiet = module.getattr("errstate")?.call((), Some(&silence))?;
    quiet.call_method0("__enter__")?;
    let converted = array.call_method("astype", (numpy::dtype::<f32>(py),), Some(&options));
    quiet.call_method1("__exit__", (py.None(), py.None(), py.None()))?;
    let converted = converted?.call_method1("reshape", (-1,))?.cast_into::<PyArray1<f32>>()?;
    let converted = converted.try_readonly().map_err(|_| changed())?;
    let values = converted.as_slice()?;
    if values.len() != out.len() {
        return Err(changed());
    }
    out.copy_from_slice(values);
    Ok(())
}

fn slice<'py>(array: &Bound<'py, PyAny>, range: Range<usize>) -> PyResult<Bound<'py, PyAny>> {
    array.get_item(span(array.py(), range.start, range.end))
}

/// Refuses a sequence of `len` rows whose first says that it is no matrix.
fn check_first(row: &Bound<'_, PyAny>, name: &str, len: usize, dimension: usize) -> PyResult<()> {
    match real_array(row, name) {
        Ok(array) if array.ndim() != 1 => {
            let shape: Vec<usize> = [len].iter().chain(array.shape()).copied().collect();
            Err(not_two_dimensional(name, &shape, dimension))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What is wrong with the first bad one of `rows`, which begin at row `first`.
fn row_at_fault(rows: &Bound<'_, PyList>, name: Name, first: usize, dimension: usize) -> PyErr {
    for (at, row) in rows.iter().enumerate() {
        let fault = match real_array(&row, "the row") {
            Ok(array) => match array.shape() {
                [width] if *width == dimension => continue,
                [width] => mismatch(*width, dimension),
                shape => Error::invalid(format!("the row must be 1-D, got shape {}", tuple(shape))),
            },
            Err(error) if error.is_instance_of::<pyo3::exceptions::PyValueError>(rows.py()) => {
                Error::invalid(error.value(rows.py()).to_string())
            }
            Err(error) => return error,
        };
        return name.fault(rows.py(), fault, first + at);
    }
    changed()
}

/// Looks up everything of numpy's C interface that is looked up once. Were a thread at it while another forks, the
/// child would wait for ever for the end of it.
pub(super) fn look_up(py: Python<'_>) -> PyResult<()> {
    let rows = PyArray2::<f32>::zeros(py, [1, 1], false);
    Vectors::new(rows.as_any(), Name::Vectors, 1)?.copy(py, 0..1, &mut [0.0])?;
    copy_converted(rows.as_any(), &mut [0.0])?;
    // The owner of their memory is a class of its own.
    drop((flat(py, vec![0.0_f32]), flat(py, vec![py.None()])));
    Ok(())
}

/// A 1-D array.
pub(super) fn flat<T: Element>(py: Python<'_>, values: Vec<T>) -> Py<PyAny> {
    values.into_pyarray(py).into_any().unbind()
}

/// A 2-D array of `rows` rows of `width`.
pub(super) fn matrix<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    width: usize,
    rows: usize,
) -> PyResult<Py<PyAny>> {
    Ok(values.into_pyarray(py).reshape([rows, width])?.into_any().unbind())
}
