"""What commands say: tables of any width, progress, formats of data, messages."""
