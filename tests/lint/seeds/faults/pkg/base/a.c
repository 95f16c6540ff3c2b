int f(void)
{
    return fault_point("a.told", 0) + fault_point("a.untold", 0)
        + fault_point("a.hit", 0);
}
