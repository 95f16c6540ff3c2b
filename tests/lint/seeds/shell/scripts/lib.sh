# shellcheck shell=bash
echo $x
