-- Every value of some columns of "{relation}" and what is below it; one longer than $1 is told by its length alone.
SELECT "{values}"
FROM "{relation}" AS t
