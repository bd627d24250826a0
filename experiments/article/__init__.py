"""The machinery of the original study: its course, its pictures, its command line."""
